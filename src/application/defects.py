"""Errors nobody foresaw, told without what they may hold."""

import traceback


def told(error: Exception, where: str = "") -> str:
    """Return an error's kind and where it was raised, without its text.

    The text may hold a number or a message.

    Args:
        error: the one nobody foresaw.
        where: follows its kind, such as `` in smscru``.
    """
    trace = "".join(traceback.format_tb(error.__traceback__))
    return f"unforeseen {type(error).__name__}{where}\n{trace}"
