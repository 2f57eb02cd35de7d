"""Lists that come in pages."""

from entrypoints.cli.client import Client, Json

_PAGE = 1_000


def read_pages(client: Client, path: str, name: str, limit: int, **query: object) -> Json:
    """Read up to ``limit`` rows of a list; the answer is that of one page with all of them.

    Args:
        client: who is asked.
        path: of the list.
        name: of the rows in the answer's ``content``.
        limit: of rows.
        query: which rows.
    """
    rows: list[Json] = []
    cursor: str | None = None
    while len(rows) < limit:
        size = min(_PAGE, limit - len(rows))
        content = client.get(path, limit=size, cursor=cursor, **query)["content"]
        rows += content[name]
        cursor = content["next_cursor"]
        if cursor is None:
            break
    return {"status": True, "content": {name: rows, "next_cursor": cursor}}
