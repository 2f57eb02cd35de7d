"""A subscriber number."""

import re
from dataclasses import dataclass
from typing import Self

from domain.errors import InvalidPhoneError

_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z", re.ASCII)
_SEPARATORS = str.maketrans("", "", " -().")
_HIDDEN = 3
_UUID = "(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_PHONE_LIKE = re.compile(rf"{_UUID}|\+?(?P<digits>[0-9]{{7,}})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Phone:
    """A subscriber number in international form, such as ``+77011234567``.

    Attributes:
        e164: ``+`` and 7 to 15 ASCII digits, no separators.

    Source: ITU-T E.164 for the upper bound; the lower one is ours.
    """

    e164: str

    def __post_init__(self) -> None:
        """Refuse what is not E.164."""
        if not _E164.match(self.e164):
            raise InvalidPhoneError(
                "Not a phone number in international form, such as 77011234567."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number as people write it, ``+7 (701) 123-45-67`` included.

        Raises:
            InvalidPhoneError: what is left without separators is not E.164.
        """
        bare = without_separators(text)
        return cls(bare if bare.startswith("+") else f"+{bare}")

    @property
    def msisdn(self) -> str:
        """The digits alone, such as ``77011234567``: how answers and tables show it."""
        return self.e164[1:]

    @property
    def masked(self) -> str:
        """The number as logs may show it, such as ``7701***4567``: never all of its digits."""
        return _masked(self.msisdn)


def without_separators(text: str) -> str:
    """Drop what people put between digits: spaces, ``-``, ``(``, ``)``, ``.``."""
    return text.translate(_SEPARATORS)


def mask_numbers(text: str) -> str:
    """Hide what could be a phone in a sentence: ``7701***4567``.

    Any seven digits may be one; the name of a message is none.
    """
    return _PHONE_LIKE.sub(lambda found: found["uuid"] or _masked(found["digits"]), text)


def _masked(digits: str) -> str:
    shown = min(4, (len(digits) - _HIDDEN) // 2)
    return f"{digits[:shown]}***{digits[-shown:]}"
