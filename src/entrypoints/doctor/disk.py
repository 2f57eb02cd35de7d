"""Room on the disks that are written to."""

import shutil
from collections.abc import Callable
from pathlib import Path

from entrypoints.doctor.finding import Finding, ok, problem, warning
from entrypoints.doctor.folders import existing

_MIB = 1 << 20
_LITTLE = 1024 * _MIB
_NOTHING = 100 * _MIB


def free_bytes(folder: Path) -> int:
    """Return how much could be written in a folder, or where it would be made."""
    return shutil.disk_usage(existing(folder)).free


def check_disk(
    folder: Path, setting: str = "DATA_DIR", free: Callable[[Path], int] = free_bytes
) -> Finding:
    """Tell how much room there is in a folder a setting names."""
    fix = f"Free space there, or have {setting} name a larger disk."
    try:
        left = free(folder)
    except OSError as error:
        text = f"{folder} cannot be looked at: {type(error).__name__}"
        return problem("disk", text, f"Have {setting} name a folder that Habar may write in.")
    text = f"{left // _MIB} MiB free in {folder}"
    if left < _NOTHING:
        return problem("disk", text, fix)
    return warning("disk", text, fix) if left < _LITTLE else ok("disk", text)
