"""What the handset shows as the sender."""

import re
from dataclasses import dataclass

from domain.errors import InvalidSenderError

_NUMERIC = re.compile(r"\+?[0-9]{3,15}\Z", re.ASCII)
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ._&+-]{1,11}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class SenderId:
    """A number, or a name of up to 11 characters.

    Attributes:
        text: 3 to 15 digits, or 1 to 11 Latin letters, digits and ``. _ & + -`` and spaces
            with at least one letter.

    Source: 3GPP TS 23.040, 9.1.2.5 (alphanumeric addresses hold 11 septets).
    """

    text: str

    def __post_init__(self) -> None:
        """Refuse what no handset could show."""
        if not (_NUMERIC.match(self.text) or _ALPHANUMERIC.match(self.text)):
            raise InvalidSenderError(
                "A sender is 3 to 15 digits, or up to 11 Latin letters and digits "
                "with at least one letter."
            )
