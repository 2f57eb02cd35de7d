"""``/blacklist/entries``, ``/blacklist/import`` and ``/blacklist/export``."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from application.blacklist_sweep import SweepBlacklist
from entrypoints.http.blacklist_upload import MAX_IMPORT_BYTES
from tests.integration.http.service import Service, refusal

PHONE = "77011234567"
CSV = "text/csv"
NDJSON = "application/x-ndjson"
LIST = (
    "\ufeffphone;created_at;reason;note;expires_at\r\n"
    "+7 (701) 123-45-67;01.09.2020 12:30;сам попросил;;\r\n"
    '77070001234;;"кавычка "" и ;";по телефону;2120-01-01\r\n'
    "77010000001;;;;2020-01-01\r\n"
)
SHOWN: list[dict[str, Any]] = [
    {
        "phone": "77011234567",
        "created_at": "2020-09-01T12:30:00Z",
        "reason": "сам попросил",
        "source": "import",
        "note": None,
        "expires_at": None,
    },
    {
        "phone": "77070001234",
        "reason": 'кавычка " и ;',
        "source": "import",
        "note": "по телефону",
        "expires_at": "2120-01-01T00:00:00Z",
    },
]


async def send(
    service: Service, body: str | bytes, media_type: str = CSV, **query: object
) -> httpx.Response:
    return await service.client.post(
        "/blacklist/import",
        content=body,
        headers={"Content-Type": media_type},
        params={name: str(value).lower() for name, value in query.items()},
    )


async def entries(service: Service, **query: str | int) -> list[Any]:
    answer = await service.client.get("/blacklist/entries", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    content = answer.json()["content"]
    if content["next_cursor"] is None:
        return [*content["entries"]]
    further = await entries(service, **{**query, "cursor": content["next_cursor"]})
    return [*content["entries"], *further]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def without_date(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "created_at": None}


async def test_a_list_as_a_spreadsheet_saves_it_is_imported(service: Service) -> None:
    answer = await send(service, LIST)
    assert answer.json() == {
        "status": True,
        "content": {"lines": 3, "added": 2, "already": 0, "expired": 1, "bad": 0, "errors": []},
    }
    found = await entries(service)
    assert [without_date(entry) for entry in found] == [
        without_date(entry) for entry in reversed(SHOWN)
    ]
    assert found[1]["created_at"] == SHOWN[0]["created_at"]
    sent = await service.send(phones=[PHONE])
    assert sent.json()["status_code"] == "blacklisted"


async def test_what_is_exported_can_be_imported_again(service: Service) -> None:
    await send(service, LIST)
    for media_type, name in ((CSV, "csv"), (NDJSON, "ndjson")):
        exported = await service.client.get("/blacklist/export", headers={"Accept": media_type})
        assert exported.headers["content-type"].partition(";")[0] == media_type
        assert f'filename="blacklist.{name}"' in exported.headers["content-disposition"]
        chosen = await service.client.get("/blacklist/export", params={"format": name})
        assert chosen.content == exported.content
        before = await entries(service)
        for entry in before:
            await service.client.delete("/blacklist", params={"phone": entry["phone"]})
        assert await entries(service) == []
        again = await send(service, exported.content, media_type)
        assert again.json()["content"]["added"] == len(before) == 2
        assert await entries(service) == before
        repeated = await send(service, exported.content, media_type)
        assert repeated.json()["content"]["already"] == 2


async def test_an_export_is_read_by_any_program(service: Service) -> None:
    await send(service, LIST)
    text = (await service.client.get("/blacklist/export")).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["reason"] for row in rows] == [entry["reason"] for entry in SHOWN]
    lines = (await service.client.get("/blacklist/export?format=ndjson")).text.splitlines()
    assert [msgspec.json.decode(line)["phone"] for line in lines] == [row["phone"] for row in rows]


async def test_a_list_of_several_pages_is_exported_whole(service: Service) -> None:
    phones = [f"7701{number:07d}" for number in range(2_500)]
    assert (await send(service, "\n".join(phones))).json()["content"]["added"] == 2_500
    text = (await service.client.get("/blacklist/export")).text
    assert [line.partition(",")[0] for line in text.splitlines()[1:]] == phones


async def test_nothing_is_kept_where_a_line_is_bad_unless_that_is_asked(service: Service) -> None:
    body = f"phone\n{PHONE}\nabc\n77011234568\n"
    refused = await send(service, body)
    assert refusal(refused, 400, "invalid_import") == ["line 3"]
    assert await entries(service) == []
    kept = await send(service, body, keep_good=True)
    assert kept.status_code == 200
    assert kept.json()["content"] | {"errors": None} == {
        "lines": 3,
        "added": 2,
        "already": 0,
        "expired": 0,
        "bad": 1,
        "errors": None,
    }
    assert [error["line"] for error in kept.json()["content"]["errors"]] == [3]
    assert len(await entries(service)) == 2


async def test_a_dry_run_writes_nothing(service: Service) -> None:
    tried = await send(service, LIST, dry_run=True)
    assert tried.json()["content"]["added"] == 2
    assert await entries(service) == []


async def test_entries_are_found_by_phone_and_source_page_by_page(service: Service) -> None:
    await send(service, "\n".join(f"7701{number:07d}" for number in range(25)))
    await service.client.post("/blacklist", json={"phone": "77070000000"})
    found = await entries(service, limit=10)
    assert [entry["phone"] for entry in found] == [
        "77070000000",
        *(f"7701{number:07d}" for number in range(24, -1, -1)),
    ]
    found = await entries(service, phone="+7701", limit=10)
    assert [entry["phone"] for entry in found] == [f"7701{number:07d}" for number in range(25)]
    found = await entries(service, source="api")
    assert [entry["phone"] for entry in found] == ["77070000000"]
    assert await entries(service, phone="77019") == []


async def test_an_entry_says_what_was_said_of_it(service: Service) -> None:
    said = {"phone": PHONE, "reason": "r", "note": "n", "expires_at": "2120-01-01T05:00:00+05:00"}
    assert (await service.client.post("/blacklist", json=said)).json() == {"status": True}
    (entry,) = await entries(service)
    assert entry == {
        **said,
        "created_at": entry["created_at"],
        "source": "api",
        "expires_at": "2120-01-01T00:00:00Z",
    }
    documented = await service.client.get("/blacklist", params={"phone": PHONE})
    assert set(documented.json()["content"]["blacklist"]) == {"phone", "created_at"}


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"reason": "x" * 201}, "invalid_entry", ["reason"]),
        ({"reason": "a\nb"}, "invalid_entry", ["reason"]),
        ({"note": "\x00"}, "invalid_entry", ["note"]),
        ({"note": 5}, "invalid_request", ["note"]),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "invalid_entry", ["expires_at"]),
        ({"expires_at": "2120-01-01"}, "invalid_request", ["expires_at"]),
        ({"expires_at": "never"}, "invalid_request", ["expires_at"]),
    ],
    ids=repr,
)
async def test_what_no_entry_can_say_is_refused(
    lasting: Service, fields: dict[str, object], code: str, named: list[str]
) -> None:
    answer = await lasting.client.post("/blacklist", json={"phone": PHONE, **fields})
    assert refusal(answer, 400, code) == named


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("phone=x", "invalid_phone"),
        ("phone=", "invalid_phone"),
        ("phone=7%25", "invalid_phone"),
        ("phone=%00", "invalid_phone"),
        ("phone=7&cursor=%00", "invalid_request"),
        ("cursor=x", "invalid_request"),
        ("cursor=-1", "invalid_request"),
        ("cursor=" + "9" * 30, "invalid_request"),
        ("limit=0", "invalid_request"),
        ("limit=1001", "invalid_request"),
        ("source=nobody", "invalid_request"),
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(
    lasting: Service, query: str, code: str
) -> None:
    refusal(await lasting.client.get(f"/blacklist/entries?{query}"), 400, code)


async def test_any_cursor_that_could_be_one_is_an_empty_page_at_worst(
    service_on: Service,
) -> None:
    await service_on.client.post("/blacklist", json={"phone": PHONE})
    for query in ("cursor=0", "cursor=" + "9" * 18, "phone=7&cursor=x", "phone=7&cursor=7%27"):
        answer = await service_on.client.get(f"/blacklist/entries?{query}")
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("media_type", "body", "status", "code"),
    [
        ("application/json", b'{"phone":"77011234567"}', 415, "unsupported_media_type"),
        ("text/plain", b"77011234567", 415, "unsupported_media_type"),
        ("", b"77011234567", 415, "unsupported_media_type"),
        (CSV, b"", 400, "missing_body"),
        (CSV, b"name\nAbai\n", 400, "invalid_import"),
        (CSV, b"7" * 100_000, 400, "invalid_import"),
        (CSV, b"\xff\xfe7\x007\x00", 400, "invalid_import"),
        (CSV, b'"' * 1_001, 400, "invalid_import"),
        (NDJSON, b"[" * 10_000, 400, "invalid_import"),
        (NDJSON, b"{\n" * 2_000, 400, "invalid_import"),
    ],
)
async def test_what_is_no_list_is_refused(
    lasting: Service, media_type: str, body: bytes, status: int, code: str
) -> None:
    refusal(await send(lasting, body, media_type), status, code)


async def test_a_compressed_list_is_refused(lasting: Service) -> None:
    answer = await lasting.client.post(
        "/blacklist/import",
        content=b"\x1f\x8b",
        headers={"Content-Type": CSV, "Content-Encoding": "gzip"},
    )
    refusal(answer, 415, "unsupported_encoding")


async def test_a_list_may_be_longer_than_other_bodies(service: Service) -> None:
    line = f"{PHONE},,{'x' * 200},{'y' * 1_000}\n".encode()
    answer = await send(service, line * 4_000)
    assert answer.json()["content"] | {"errors": []} == {
        "lines": 4_000,
        "added": 1,
        "already": 3_999,
        "expired": 0,
        "bad": 0,
        "errors": [],
    }


async def test_a_list_that_is_too_long_is_refused_and_leaves_no_file(
    service: Service, tmp_path: Path
) -> None:
    before = files(tmp_path)

    async def body() -> AsyncIterator[bytes]:
        block = f"{PHONE}\n".encode() * 100_000
        for _ in range(MAX_IMPORT_BYTES // len(block) + 1):
            yield block

    answer = await service.client.post(
        "/blacklist/import", content=body(), headers={"Content-Type": CSV}
    )
    refusal(answer, 413, "body_too_large")
    assert await entries(service) == []
    assert files(tmp_path) == before


async def test_a_list_cannot_be_kept_where_there_is_no_place(
    service: Service, tmp_path: Path
) -> None:
    place = tmp_path / "file"
    place.write_text("no folder")
    service.container.uploads()._folder = place  # noqa: SLF001 - what an operator may get wrong
    refusal(await send(service, PHONE), 503, "storage_unavailable")


async def test_what_has_expired_is_swept_in_the_background(service: Service) -> None:
    loops = service.container.loops()
    assert sum(isinstance(loop, SweepBlacklist) for loop in loops) == 1
