"""The Dockerfile, and what its builder is handed."""

import re

import pytest

from tests.unit.deploy.files import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
HANDED = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
COPIED = [
    name.rstrip("/")
    for names in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    for name in names.split()
]


@pytest.mark.parametrize("name", COPIED)
def test_what_is_copied_is_there_and_handed_over(name: str) -> None:
    assert (ROOT / name).exists()
    assert HANDED & {f"!{name}", f"!{name}/"}


def test_it_is_built_with_one_of_the_locks_and_may_be_built_with_traces() -> None:
    (default,) = re.findall(r"^ARG LOCK=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert default == "requirements.lock"
    assert {"requirements.lock", "requirements-otel.lock"} <= set(COPIED)
    assert '-r "$LOCK"' in DOCKERFILE


def test_the_traces_page_names_the_lock_that_has_them() -> None:
    page = (ROOT / "docs/traces.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"--build-arg LOCK=(\S+)", page)
    assert named in COPIED
    assert "opentelemetry-sdk==" in (ROOT / named).read_text(encoding="utf-8")
