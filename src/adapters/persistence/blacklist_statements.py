"""Changes of the blacklist: as many phones as a transaction has, in one statement each.

Rows travel as one JSON array. On SQLite that is also one turn with the interpreter's lock instead
of one for every row, which the event loop would have to wait for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from adapters.persistence.tables import blacklist
from domain.blacklist import BlacklistEntry

_COLUMNS = ("phone", "created_at", "reason", "source", "note", "expires_at")
_ROWS = sa.bindparam("rows", type_=sa.Text)


@dataclass(frozen=True, slots=True)
class Changes:
    """What changes the list, each statement with a parameter ``rows``; see ``rows_of``.

    Attributes:
        add: inserts phones that have no entry.
        forget: deletes entries of these phones that have expired.
        prolong: has the entries that are there stay as long as the new ones.
        remove: deletes the entries of phones, here an array of texts.
    """

    add: sa.Insert
    forget: sa.Delete
    prolong: sa.Update
    remove: sa.Delete


def joined(entries: Iterable[BlacklistEntry]) -> list[BlacklistEntry]:
    """Join entries of the same phone; in one order, so that two processes never wait in a ring."""
    first: dict[str, BlacklistEntry] = {}
    for entry in entries:
        known = first.setdefault(entry.phone.e164, entry)
        if known is not entry:
            first[entry.phone.e164] = known.joined(entry)
    return [first[phone] for phone in sorted(first)]


def rows_of(entries: Iterable[BlacklistEntry]) -> str:
    """Write entries as the JSON the statements read."""
    return msgspec.json.encode([_row(entry) for entry in entries]).decode()


def phones_of(forms: Sequence[str]) -> str:
    """Write phones as the JSON that ``Changes.remove`` reads."""
    return msgspec.json.encode(sorted(forms)).decode()


def _row(entry: BlacklistEntry) -> dict[str, str | None]:
    return {
        "phone": entry.phone.msisdn,
        "created_at": _text(entry.created_at),
        "reason": entry.reason,
        "source": entry.source,
        "note": entry.note,
        "expires_at": None if entry.expires_at is None else _text(entry.expires_at),
    }


def naive_utc(at: datetime) -> datetime:
    """Write a time as the table has it: UTC without saying so, in whole seconds."""
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0)


@lru_cache(maxsize=256)  # most entries of a list share their times
def _text(at: datetime) -> str:
    return naive_utc(at).isoformat(sep=" ", timespec="microseconds")


def _on_sqlite() -> tuple[sa.FromClause, sa.FromClause, sa.ColumnElement[datetime]]:
    each = sa.func.json_each(_ROWS).table_valued("value", name="each")
    fields = [
        sa.func.json_extract(each.c.value, sa.literal_column(f"'$.{name}'")).label(name)
        for name in _COLUMNS
    ]
    now = sa.func.strftime(
        sa.literal_column("'%Y-%m-%d %H:%M:%f'"), sa.literal_column("'now'"), type_=sa.DateTime
    )
    forms = sa.func.json_each(_ROWS).table_valued("value", name="form")
    return sa.select(*fields).subquery("given"), forms, now


def _on_postgresql() -> tuple[sa.FromClause, sa.FromClause, sa.ColumnElement[datetime]]:
    rows = sa.cast(_ROWS, sa.JSON)
    times = {"created_at", "expires_at"}
    fields = [sa.column(name, sa.DateTime() if name in times else sa.Text()) for name in _COLUMNS]
    given = sa.func.json_to_recordset(rows).table_valued(*fields, name="given")
    forms = sa.func.json_array_elements_text(rows).table_valued("value", name="form")
    now = sa.func.timezone("UTC", sa.func.clock_timestamp(), type_=sa.DateTime)
    return given.render_derived(with_types=True), forms.render_derived(), now


# Only the system Habar replaces has written phones with a plus sign, and its entries never expire.
def _changes(
    insert: sqlite.Insert | postgresql.Insert,
    given: sa.FromClause,
    form: sa.FromClause,
    now: sa.ColumnElement[datetime],
) -> Changes:
    e164 = sa.literal_column("'+'", sa.Text) + given.c.phone
    theirs = blacklist.c.phone.in_(sa.select(given.c.phone).scalar_subquery())
    same = blacklist.c.phone == given.c.phone
    known = sa.exists(sa.select(blacklist.c.id).where(blacklist.c.phone.in_([given.c.phone, e164])))
    longer = given.c.expires_at.is_(None) | (given.c.expires_at > blacklist.c.expires_at)
    fresh = sa.select(*(given.c[name] for name in _COLUMNS)).where(~known)
    return Changes(
        add=insert.from_select(_COLUMNS, fresh)
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True),
        forget=sa.delete(blacklist).where(theirs, blacklist.c.expires_at <= now),
        prolong=sa.update(blacklist)
        .where(same, blacklist.c.expires_at.is_not(None), longer)
        .values({name: given.c[name] for name in ("reason", "source", "note", "expires_at")}),
        remove=sa.delete(blacklist).where(
            blacklist.c.phone.in_(sa.select(form.c.value).scalar_subquery())
        ),
    )


CHANGES: Mapping[str, Changes] = {
    "sqlite": _changes(sqlite.insert(blacklist), *_on_sqlite()),
    "postgresql": _changes(postgresql.insert(blacklist), *_on_postgresql()),
}
