"""What a test module plants in the product, and nobody may read in a log: texts and secrets."""

import ast
import gc
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_PLACES = re.compile(
    r"(?:.*_)?(?:message|texts?|words?|password|token|api_keys?|key|secrets?)\Z", re.IGNORECASE
)
"""Names of fields, settings and constants."""
_ORDINARY = re.compile(r"[a-z]*\Z|.{0,4}\Z", re.ASCII)
"""A word any line may hold, or too little to be told from one."""


@cache
def planted_in(module: Path) -> frozenset[str]:
    """Read the texts and secrets of a test module off its source."""
    tree = _parsed(module)
    found = (text for node in ast.walk(tree) for text in _planted(node))
    return frozenset(text for text in found if not _ORDINARY.match(text))


def _planted(node: ast.AST) -> Iterator[str]:
    """Return what is written beside a name: in a mapping, a call or a constant of the module."""
    match node:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and _PLACES.match(str(key.value)):
                    yield from _strings(value)
        case ast.keyword(arg=str(name), value=value) if _PLACES.match(name):
            yield from _strings(value)
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.isupper():
            if _PLACES.match(name):
                yield from _strings(value)


def _strings(node: ast.expr) -> Iterator[str]:
    for part in node.elts if isinstance(node, ast.Tuple | ast.List) else (node,):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def _parsed(module: Path) -> ast.Module:
    """Parse a file; Python 3.11 loses count where the collector calls Python code meanwhile."""
    gc.disable()
    try:
        return ast.parse(module.read_bytes())
    finally:
        gc.enable()
