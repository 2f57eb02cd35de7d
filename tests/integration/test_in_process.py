"""The use cases without HTTP, as the README shows it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from application.errors import SettingsError
from application.manage_keys import NewKey
from application.send_command import SendCommand
from domain.caller import Scope
from entrypoints.container import Container
from entrypoints.life import life
from entrypoints.settings import Settings


async def test_a_program_can_send_in_its_own_process(tmp_path: Path) -> None:
    container = Container(settings=Settings(sms_dummy=True, data_dir=str(tmp_path)))
    async with life(container):
        sms = await container.send_sms()(SendCommand(phones=["77011234567"], text="Hello"))
        call = await container.place_call()(SendCommand(phones=["77011234567"], text="Hello"))
        await container.manage_blacklist().add("77011234567")
        blocked = await container.send_sms()(SendCommand(phones=["77011234567"], text="Hello"))
        story = await container.stories().message(sms.messages[0].id)
    assert (sms.failure_code, call.failure_code) == (None, None)
    assert blocked.failure_code == "blacklisted"
    assert [event.name for event in story.history] == ["accepted", "submitted", "delivered"]


async def test_a_closed_container_leaves_a_file_another_one_opens(tmp_path: Path) -> None:
    settings = Settings(sms_dummy=True, data_dir=str(tmp_path))
    for _ in range(2):
        container = Container(settings=settings)
        async with life(container):
            assert await container.storage().problem() is None


async def test_other_machines_are_served_once_there_is_or_was_a_key(tmp_path: Path) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - nothing listens here
    settings = Settings(sms_dummy=True, data_dir=str(tmp_path), http_host=everywhere)
    with pytest.raises(SettingsError, match="habar keys create"):
        async with life(Container(settings=settings)):
            pass
    at_home = Container(settings=replace(settings, http_host="127.0.0.1"))
    async with life(at_home):
        wanted = NewKey(name="shop", scopes=frozenset({Scope.SEND}))
        key = (await at_home.manage_keys().create(wanted)).key
    for _ in range(2):
        container = Container(settings=settings)
        async with life(container):
            await container.manage_keys().revoke(key.id)
