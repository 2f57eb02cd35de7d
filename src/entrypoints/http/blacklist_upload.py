"""A list of phones, on its way in: kept in a file until all of it has been checked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from litestar.exceptions import InternalServerException

from application.errors import StorageUnavailableError
from entrypoints.http.errors import BodyError
from entrypoints.http.replies import HttpRequest

MAX_IMPORT_BYTES = 256_000_000
"""Five million phones with a few words each."""
_BLOCK = 1_000_000


class Uploads:
    """Where bodies are kept that are larger than the memory anybody would give them."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    @asynccontextmanager
    async def body(self, request: HttpRequest) -> AsyncIterator[BinaryIO]:
        """Keep the body of a request as long as the block lasts; no file is left behind.

        Raises:
            BodyError: it is empty, or broke off.
            StorageUnavailableError: the disk does not take it.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self._folder) as file:
                await _keep(request, file)
                yield file
        except OSError as error:
            raise StorageUnavailableError(f"uploads: {type(error).__name__}") from None


async def _keep(request: HttpRequest, file: BinaryIO) -> None:
    waiting = bytearray()
    try:
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= _BLOCK:
                await asyncio.to_thread(file.write, waiting)
                waiting = bytearray()
    except InternalServerException:
        raise BodyError("incomplete_body", "The body broke off.") from None
    await asyncio.to_thread(file.write, waiting)
    if not file.tell():
        raise BodyError("missing_body", "The request has no body; send CSV or NDJSON.")
