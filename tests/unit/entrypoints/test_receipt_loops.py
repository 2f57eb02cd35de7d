"""Who works on receipts in which process."""

from pathlib import Path

import msgspec
import pytest

from application.parked_receipts import ParkedReceipts
from application.receipt_poll import ReceiptPoll
from entrypoints.container import Container
from entrypoints.settings import Secret, Settings


def an_epochta(folder: Path, role: str) -> Settings:
    given = {
        "sms_provider": "epochtasmsru",
        "epochtasmsru_username": "habar",
        "epochtasmsru_password": Secret("secret"),
        "epochtasmsru_sender": "Habar",
        "data_dir": str(folder),
        "database_url": Secret(f"sqlite:///{folder}/habar.db"),
        "habar_role": role,
    }
    return msgspec.structs.replace(Settings(), **given)


def of_receipts(container: Container) -> list[type]:
    kinds = [type(loop) for loop in container.loops()]
    return [kind for kind in kinds if kind in {ReceiptPoll, ParkedReceipts}]


@pytest.mark.parametrize("role", ["all", "worker"])
async def test_a_process_that_sends_asks_for_receipts_and_works_off_those_that_wait(
    tmp_path: Path, role: str
) -> None:
    container = Container(settings=an_epochta(tmp_path, role))
    assert of_receipts(container) == [ReceiptPoll, ParkedReceipts]
    await container.carriers().close()


async def test_a_process_that_only_takes_requests_records_receipts_and_no_more(
    tmp_path: Path,
) -> None:
    container = Container(settings=an_epochta(tmp_path, "api"))
    assert of_receipts(container) == []
    assert container.record_receipt() is container.record_receipt()
    await container.carriers().close()
