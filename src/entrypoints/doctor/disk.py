"""Room on the disk of the data folder."""

import shutil
from collections.abc import Callable
from pathlib import Path

from entrypoints.doctor.finding import Finding, ok, problem, warning
from entrypoints.doctor.folders import existing

_MIB = 1 << 20
_LITTLE = 1024 * _MIB
_NOTHING = 100 * _MIB
_FIX = "Free space there, or have DATA_DIR name a larger disk."


def free_bytes(folder: Path) -> int:
    """Return how much could be written in a folder, or where it would be made."""
    return shutil.disk_usage(existing(folder)).free


def check_disk(folder: Path, free: Callable[[Path], int] = free_bytes) -> Finding:
    """Tell how much room there is."""
    try:
        left = free(folder)
    except OSError as error:
        text = f"{folder} cannot be looked at: {type(error).__name__}"
        return problem("disk", text, "Have DATA_DIR name a folder that Habar may write in.")
    text = f"{left // _MIB} MiB free in {folder}"
    if left < _NOTHING:
        return problem("disk", text, _FIX)
    return warning("disk", text, _FIX) if left < _LITTLE else ok("disk", text)
