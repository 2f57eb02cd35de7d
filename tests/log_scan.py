"""Every line written while a test runs, looked at for what no line may hold."""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import get_args

import msgspec
import phonenumbers
import sqlalchemy as sa

from domain.api_key import BEGINNING
from entrypoints.logs import QUIET, masking_formatter
from entrypoints.settings import Secret, Settings
from tests.processes import ACCOUNTS, Program

TEXTS = frozenset({"Hi", "Hello, world!", "Code 4821", "Код 4821"})
"""What tests send that have no text of their own."""
_SHOWING = frozenset({"webhooks"})
"""Commands whose very purpose is to show what no log may hold."""
_SECRET_SETTINGS = frozenset(
    field.name.upper()
    for field in msgspec.structs.fields(Settings)
    if Secret in get_args(field.type)
)
_NO_NUMBER = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?"
)
"""Names of messages, and times."""
_NUMBER = re.compile(r"(?<![\w.])\+?[1-9](?:[-. ()]{0,2}[0-9]){9,14}(?!\w)", re.ASCII)
_KEY = re.compile(rf"{BEGINNING}[\w-]{{20,}}", re.ASCII)
_WORD = re.compile(r"[a-z]{1,7}\Z", re.ASCII)
_MOBILE = frozenset(
    {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
)


class LogScan(logging.Handler):
    """Reads what loggers and processes write, as it would stand in the log.

    Attributes:
        leaks: the lines that hold what they may not.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self.leaks: list[str] = []
        self._secrets = TEXTS.union(secrets, _values(ACCOUNTS))
        self.setFormatter(masking_formatter("console"))

    def emit(self, record: logging.LogRecord) -> None:
        self.read(self.format(record))

    def read(self, written: str, more: Iterable[str] = ()) -> None:
        """Look at what was written.

        Args:
            written: whole lines.
            more: secrets of who wrote it.
        """
        pattern = _pattern(self._secrets.union(more))
        for line in written.splitlines():
            if pattern.search(line) or _KEY.search(line) or _holds_number(line):
                self.leaks.append(line)

    def read_processes(self) -> None:
        """Look at what processes have written since somebody last looked."""
        for program in list(Program.unread):
            if _SHOWING.isdisjoint(program.arguments):
                self.read(program.news(), _values(program.settings))
            if program.has_ended:
                Program.unread.remove(program)

    def refuse(self) -> None:
        """Fail, where a line holds what it may not."""
        leaks, self.leaks = self.leaks, []
        assert not leaks, "a number, a text or a secret was written:\n" + "\n".join(leaks)


@contextmanager
def scanning(secrets: Iterable[str]) -> Iterator[LogScan]:
    """Listen to every logger, as the product does that is set to write the most."""
    scan = LogScan(secrets)
    root = logging.getLogger()
    levels = {root: root.level}
    root.addHandler(scan)
    root.setLevel(logging.DEBUG)
    for logger in map(logging.getLogger, QUIET):
        levels[logger] = logger.level
        logger.setLevel(logging.WARNING)
    try:
        yield scan
    finally:
        root.removeHandler(scan)
        for logger, level in levels.items():
            logger.setLevel(level)


def _values(settings: dict[str, str]) -> Iterator[str]:
    """Return what is secret of some settings."""
    for name in _SECRET_SETTINGS & settings.keys():
        if name == "DATABASE_URL":
            yield from filter(None, [sa.make_url(settings[name]).password])
        else:
            yield from filter(None, settings[name].split(","))


@cache
def _pattern(secrets: frozenset[str]) -> re.Pattern[str]:
    """Find a secret where it stands alone; an ordinary word, where it is no word of a sentence."""
    parts = (rf"(?<! ){re.escape(s)}(?! )" if _WORD.match(s) else re.escape(s) for s in secrets)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")


def _holds_number(line: str) -> bool:
    bare = _NO_NUMBER.sub("", line)
    return any(_is_mobile(re.sub(r"\D", "", found[0])) for found in _NUMBER.finditer(bare))


@cache
def _is_mobile(digits: str) -> bool:
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(number) in _MOBILE
