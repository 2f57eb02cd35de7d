"""All that is looked at, in the order it is told."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from entrypoints.checks import database_problems, database_target, exposure
from entrypoints.doctor.addresses import check_public_url, check_webhooks
from entrypoints.doctor.configuration import check_access, check_settings, check_traces, read
from entrypoints.doctor.database import check_database
from entrypoints.doctor.disk import check_disk
from entrypoints.doctor.finding import Finding
from entrypoints.doctor.folders import existing
from entrypoints.doctor.providers import check_providers, check_senders
from entrypoints.settings import Settings


async def examine(*, offline: bool = False) -> list[Finding]:
    """Look at the deployment of the settings in the environment.

    Works beside a process that serves, and with settings none could serve with.

    Args:
        offline: nothing but the database is asked.
    """
    settings, problems = read()
    found = [*check_settings(problems), *check_access(settings), *check_traces(os.environ)]
    found += await asyncio.to_thread(lambda: list(_stored(settings)))
    found += [*check_senders(settings), *check_public_url(settings)]
    if offline:
        return found
    if not any("_BASE_URL:" in text for text in problems):
        found += await check_providers(settings)
    return found + await check_webhooks(settings)


def _stored(settings: Settings) -> Iterator[Finding]:
    yield check_disk(Path(settings.data_dir))
    if any(database_problems(settings)):
        return
    target = database_target(settings)
    path = target.sqlite_path
    if path is not None and existing(path.resolve().parent) != existing(Path(settings.data_dir)):
        yield check_disk(path.resolve().parent, target.setting)
    yield from check_database(target, exposure(settings))
