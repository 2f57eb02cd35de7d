"""How long things are kept, as the settings say."""

from typing import Any, cast

import pytest

from adapters.clock import SystemClock
from adapters.persistence.webhook_transactions import ShortTransactions
from application.errors import SettingsError
from entrypoints.checks import check
from entrypoints.retention import retention_loops
from entrypoints.settings import Settings, UnreadableSettingsError, read_settings

DUMMY = {"SMS_DUMMY": "true"}


def loops(**given: Any) -> int:  # noqa: ANN401 - any setting
    settings = Settings(sms_dummy=True, **given)
    return len(retention_loops(cast("ShortTransactions", None), SystemClock(), settings))


def test_everything_is_kept_unless_something_is_set() -> None:
    assert loops() == 0
    assert loops(text_retention_hours=24) == 1
    assert loops(retention_days=30) == 1
    assert loops(text_retention_hours=24, retention_days=30) == 1


def test_a_process_that_only_answers_removes_nothing() -> None:
    assert loops(retention_days=30, habar_role="api") == 0


@pytest.mark.parametrize(("hours", "good"), [("24", True), ("48", True), ("49", False)])
def test_texts_are_not_kept_for_longer_than_all_the_rest(hours: str, *, good: bool) -> None:
    settings = read_settings({**DUMMY, "TEXT_RETENTION_HOURS": hours, "RETENTION_DAYS": "2"})
    if good:
        check(settings)
        return
    with pytest.raises(SettingsError) as told:
        check(settings)
    assert [problem.split(":")[0] for problem in told.value.problems] == ["TEXT_RETENTION_HOURS"]


@pytest.mark.parametrize("name", ["TEXT_RETENTION_HOURS", "RETENTION_DAYS"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "soon", "1000000"])
def test_a_time_is_a_whole_number_within_bounds(name: str, value: str) -> None:
    with pytest.raises(UnreadableSettingsError) as told:
        read_settings({**DUMMY, name: value})
    assert told.value.names == {name}
