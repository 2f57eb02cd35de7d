"""Folders, as the operating system has them."""

from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")


def existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    absolute = folder.absolute()
    return next(place for place in (absolute, *absolute.parents) if place.exists())


def file_system_of(folder: Path, mounts: Path = _MOUNTS) -> str | None:
    """Return the kind of file system a folder is on; ``None`` where the system does not tell.

    Source: proc(5), ``mountinfo``: the fifth field is the place, the kind stands behind ``-``.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    here, best, kind = folder.resolve(), Path(), None
    for line in lines:
        before, _, behind = line.partition(" - ")
        place = Path(before.split()[4].replace("\\040", " "))
        # Of two mounts in one place the later one is seen.
        if here.is_relative_to(place) and len(place.parts) >= len(best.parts):
            best, kind = place, behind.split()[0]
    return kind
