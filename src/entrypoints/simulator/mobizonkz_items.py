"""Messages and campaigns as Mobizon writes them: nearly every number is a text."""

from datetime import datetime, timedelta, timezone

from entrypoints.simulator.segments import count_segments
from entrypoints.simulator.sent_log import SentMessage
from entrypoints.simulator.states import State

# Times carry no zone; those of Kazakhstan are what an account there is shown.
_LOCAL = timezone(timedelta(hours=5))
_NOT_SENT = {"NEW", "ENQUEUD"}
_AT_MODERATOR = {"MODERATION", "DECLINED"}


def local_time(at: datetime) -> str:
    """Return a time as it stands in every answer."""
    return f"{at.astimezone(_LOCAL):%Y-%m-%d %H:%M:%S}"


def waits_for_moderator(state: State) -> bool:
    """Tell whether the campaign, not the message, is what the state speaks of."""
    return state.status in _AT_MODERATOR


def status_of(state: State) -> str:
    """Return a message's status; one whose campaign is not let through stays new."""
    if waits_for_moderator(state):
        return "NEW"
    return "DELIVRD" if state.status is None else str(state.status)


def status_item(message: SentMessage, state: State) -> dict[str, object]:
    """Return what ``getSMSStatus`` says of one message."""
    status, at = status_of(state), local_time(message.sent_at)
    return {
        "id": message.provider_id,
        "status": status,
        "segNum": str(count_segments(message.text)),
        "startSendTs": None if status in _NOT_SENT else at,
        "statusUpdateTs": None if status in _NOT_SENT else at,
    }


def list_item(message: SentMessage, state: State) -> dict[str, object]:
    """Return what ``message/list`` says of one message."""
    about = status_item(message, state)
    return {
        "id": message.provider_id,
        "campaignId": campaign_id(message),
        "segNum": about["segNum"],
        "segUserBuy": "14.9000",
        "from": message.sender or "MOBINFO",
        "to": message.recipient,
        "text": message.text,
        "status": about["status"],
        "groups": None,
        "uuid": None,
        "countryA2": "KZ",
        "operatorName": "Kcell",
        "startSendTs": about["startSendTs"],
        "statusUpdateTs": about["statusUpdateTs"],
        "campaign": campaign_item(message, state),
    }


def campaign_item(message: SentMessage, state: State) -> dict[str, object]:
    """Return the campaign that was made for one message."""
    word = str(state.status) if waits_for_moderator(state) else "SENT"
    return {
        "id": campaign_id(message),
        "name": message.reference,
        "commonStatus": word,
        "moderationStatus": word if word != "SENT" else "READY_FOR_SEND",
        "sendStatus": word if word == "SENT" else "NEW",
        "globalComment": "",
        "from": message.sender or "MOBINFO",
        "text": message.text,
        "createTs": local_time(message.sent_at),
        "counters": {"totalMsgNum": "1"},
        "extra": {"mclass": "1"},
    }


def campaign_id(message: SentMessage) -> str:
    """Return the id of the campaign that was made for a message."""
    return message.parameters["campaignId"]
