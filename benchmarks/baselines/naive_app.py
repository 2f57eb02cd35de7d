"""The plain design, as a yardstick.

Litestar, one shared httpx.AsyncClient, SQLAlchemy's ORM over aiosqlite, a blacklist query and one
commit per message. Run it like the product, on the same core:

    SINK=http://127.0.0.1:9100 DB=naive.db uvicorn naive_app:app --port 8400 --no-access-log

POST /sms {"phones":[...],"message":"..."} -> {"status":true,"id":N} after the provider answered and
the row is committed. With many phones it goes through them one by one.
"""

import os
import time

import httpx
from litestar import Litestar, get, post
from msgspec import Struct
from sqlalchemy import event, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SINK = os.environ.get("SINK", "http://127.0.0.1:9100")
DB = os.environ.get("DB", "naive.db")


class Base(DeclarativeBase):
    """The tables."""


class Message(Base):
    """A message that was tried."""

    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(index=True)
    body: Mapped[str]
    status: Mapped[int]
    provider_id: Mapped[str | None]
    created: Mapped[float]


class Blacklisted(Base):
    """A phone nothing is sent to."""

    __tablename__ = "blacklist"
    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(unique=True)


class Sms(Struct):
    """What is posted."""

    phones: list[str]
    message: str


engine = create_async_engine("sqlite+aiosqlite:///" + DB, connect_args={"timeout": 60})
sessions = async_sessionmaker(engine, expire_on_commit=False)


@event.listens_for(engine.sync_engine, "connect")
def pragmas(connection: DBAPIConnection, _: object) -> None:
    """Write ahead, as the product does."""
    cursor = connection.cursor()
    cursor.execute("pragma journal_mode=wal")
    cursor.execute("pragma synchronous=normal")
    cursor.close()


async def start(app: Litestar) -> None:
    """Make the tables and the client."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    app.state.client = httpx.AsyncClient(timeout=10)


async def stop(app: Litestar) -> None:
    """Close the client and the database."""
    await app.state.client.aclose()
    await engine.dispose()


@post("/sms", status_code=200)
async def sms(data: Sms) -> dict[str, object]:
    """Send to one phone after the other."""
    last = None
    async with sessions() as session:
        for phone in data.phones:
            listed = await session.scalar(select(Blacklisted.id).where(Blacklisted.phone == phone))
            status, provider_id = 2, None
            if listed is None:
                answer = await app.state.client.post(
                    SINK + "/sys/send.php",
                    data={
                        "login": "a",
                        "psw": "b",
                        "fmt": "3",
                        "phones": phone,
                        "mes": data.message,
                    },
                )
                status = 1 if answer.status_code == 200 else 3
                provider_id = str(answer.json().get("id"))
            last = Message(
                phone=phone,
                body=data.message,
                status=status,
                provider_id=provider_id,
                created=time.time(),
            )
            session.add(last)
            await session.commit()
    return {"status": last is not None and last.status == 1, "id": last.id if last else None}


@get("/health", sync_to_thread=False)
def health() -> dict[str, bool]:
    """Answer."""
    return {"status": True}


app = Litestar([sms, health], openapi_config=None, on_startup=[start], on_shutdown=[stop])
