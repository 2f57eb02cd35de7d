"""What holds for all values of the domain."""

from dataclasses import fields, is_dataclass
from importlib import import_module
from pkgutil import iter_modules

import pytest

import domain
from domain.outcome import RejectReason, UnavailableKind

MODULES = [import_module(f"domain.{module.name}") for module in iter_modules(domain.__path__)]
VALUES = [
    value
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.__name__
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_a_value_never_changes(value: type) -> None:
    made: object = object.__new__(value)
    for name in [*(field.name for field in fields(value)), "another"]:
        with pytest.raises((AttributeError, TypeError)):
            setattr(made, name, "changed")


def test_no_two_reasons_share_a_code() -> None:
    codes = [*RejectReason, *UnavailableKind]
    assert len(set(map(str, codes))) == len(codes)
