"""Texts as smsc.ru sends them on: what it would obey is broken first.

Where in a text a command has to stand is not documented, nor whether its case matters: it is
broken anywhere, in any case.

===============================  ====================================  ==================
the text has                     smsc.ru would                         goes out as
===============================  ====================================  ==================
``__CALL__``, any ``__WORD__``   carry it over another channel         ``_ _CALL__``
``~~~``                          take what follows for a comment       ``~~ ~``
``{menu: ...}``                  play a voice menu                     ``(menu: ...}``
nothing but ``code``, in a call  call from a number that is a code     ``code.``
===============================  ====================================  ==================

The characters put in are in GSM-7's basic table and make no new command. A text without a command
stays as it is.
"""

import re

_CHANNEL = re.compile(r"_(?=_[A-Za-z][A-Za-z0-9_]{0,30}__)")
_COMMENT = re.compile(r"~~(?=~)")
_MENU = re.compile(r"\{(?=\s*menu\s*:)", re.IGNORECASE)
_CODE_CALL = re.compile(r"\s*code\s*", re.IGNORECASE)


def inert_text(text: str) -> str:
    """Return a text that smsc.ru sends instead of obeying it."""
    return _MENU.sub("(", _COMMENT.sub("~~ ", _CHANNEL.sub("_ ", text)))


def inert_speech(text: str) -> str:
    """Return a text that smsc.ru reads aloud instead of obeying it."""
    return f"{text}." if _CODE_CALL.fullmatch(text) else inert_text(text)
