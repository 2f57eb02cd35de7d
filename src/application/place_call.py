"""Place calls that read a text aloud."""

from application.send_command import SendCommand
from application.send_report import SendReport
from application.submission import Submission
from domain.message import Channel


class PlaceCall:
    """``POST /call``."""

    def __init__(self, submission: Submission) -> None:
        self._submit = submission

    async def __call__(self, command: SendCommand) -> SendReport:
        """Call every recipient; see ``Submission``."""
        return await self._submit(command, Channel.CALL)
