"""What each look at a deployment says, where a real one would be hard to come by."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.persistence.migrations import HEAD
from entrypoints.doctor.addresses import check_public_url
from entrypoints.doctor.clock import check_clock
from entrypoints.doctor.disk import check_disk
from entrypoints.doctor.finding import Level
from entrypoints.doctor.folders import existing, file_system_of
from entrypoints.doctor.providers import check_senders
from entrypoints.doctor.revision import check_revision
from entrypoints.doctor.sqlite import check_folder
from entrypoints.settings import Secret, Settings

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MOUNTS = r"""22 1 254:1 / / rw shared:1 - ext4 /dev/vda1 rw
40 22 0:44 / /data rw - nfs4 files:/export rw
41 40 0:45 / /data/my\040disk rw master:1 - xfs /dev/vdb1 rw
"""


@pytest.mark.parametrize(
    ("off_s", "level"),
    [
        (-3600, Level.PROBLEM),
        (-20, Level.WARNING),
        (0, Level.OK),
        (4, Level.OK),
        (20, Level.WARNING),
        (60, Level.PROBLEM),
    ],
)
def test_a_clock_that_is_off_is_told(off_s: int, level: Level) -> None:
    found = check_clock("smscru", NOW + timedelta(seconds=off_s), NOW, NOW)
    assert found.level is level
    assert ("NTP" in found.fix) == (level is not Level.OK)


def test_how_long_an_answer_took_is_no_fault_of_the_clock() -> None:
    told = NOW + timedelta(seconds=30)
    assert check_clock("smscru", told, NOW, NOW + timedelta(seconds=60)).level is Level.OK


@pytest.mark.parametrize(
    ("mib", "level"), [(10, Level.PROBLEM), (500, Level.WARNING), (5_000, Level.OK)]
)
def test_a_full_disk_names_the_data_folder(mib: int, level: Level) -> None:
    found = check_disk(Path("data"), free=lambda _: mib << 20)
    assert found.level is level
    assert ("DATA_DIR" in found.fix) == (level is not Level.OK)


def test_the_kind_of_a_file_system_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    kinds = {p: file_system_of(Path(p), mounts) for p in ("/srv", "/data/x", "/data/my disk/x")}
    assert kinds == {"/srv": "ext4", "/data/x": "nfs4", "/data/my disk/x": "xfs"}
    assert file_system_of(Path("/"), tmp_path / "nowhere") is None


@pytest.mark.parametrize(("kind", "level"), [("nfs4", Level.PROBLEM), ("overlay", Level.WARNING)])
def test_a_disk_that_forgets_names_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, level: Level
) -> None:
    monkeypatch.setattr("entrypoints.doctor.sqlite.file_system_of", lambda _: kind)
    (found,) = check_folder(tmp_path / "data", "DATA_DIR")
    assert found.level is level
    assert "DATA_DIR" in found.fix


def test_the_nearest_folder_that_is_there_is_found(tmp_path: Path) -> None:
    assert existing(tmp_path / "a" / "b") == tmp_path
    assert existing(tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("revision", "level"),
    [(None, Level.WARNING), ("0001", Level.WARNING), (HEAD, Level.OK), ("9999", Level.PROBLEM)],
)
def test_the_revision_is_compared(revision: str | None, level: Level) -> None:
    assert check_revision(revision).level is level


@pytest.mark.parametrize(
    ("public_url", "level"),
    [
        (None, Level.WARNING),
        ("http://sms.example.kz", Level.WARNING),
        ("https://sms.example.kz", Level.OK),
    ],
)
def test_callbacks_that_are_awaited_need_an_https_address(
    public_url: str | None, level: Level
) -> None:
    settings = Settings(
        smscru_username="me",
        smscru_password=Secret("pw"),
        smscru_callback_secret=Secret("phrase"),
        public_url=public_url,
    )
    (found,) = check_public_url(settings)
    assert found.level is level
    assert ("PUBLIC_URL" in found.fix) == (level is not Level.OK)


def test_callbacks_nobody_awaits_need_no_address() -> None:
    (found,) = check_public_url(Settings())
    assert found.level is Level.OK


def test_twilio_needs_an_address_of_the_internet() -> None:
    settings = Settings(
        twilio_sid="AC", twilio_token=Secret("t"), twilio_phone="HABAR", public_url="https://nas"
    )
    (found,) = check_public_url(settings)
    assert (found.level, "PUBLIC_URL" in found.fix) == (Level.WARNING, True)


@pytest.mark.parametrize(
    ("sender", "level"),
    [(None, Level.WARNING), ("a name that is too long", Level.PROBLEM), ("HABAR", Level.OK)],
)
def test_a_sender_no_handset_could_show_is_told(sender: str | None, level: Level) -> None:
    settings = Settings(smscru_username="me", smscru_password=Secret("pw"), smscru_sender=sender)
    (found,) = check_senders(settings)
    assert found.level is level
    assert ("SMSCRU_SENDER" in found.fix) == (level is not Level.OK)
