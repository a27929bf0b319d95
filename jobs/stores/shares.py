"""What one partner may see of one run, as one file: everything that leaves for the partner is made of it.

It holds the permitted rows and columns alone, and its bytes hang on nothing else. It counts for one run and one policy,
which its name says, so that whatever comes next can tell that it counts no more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.steps import step

if TYPE_CHECKING:
    import polars as pl


def write(folder: Path, partner: str, run_id: str, policy: str, rows: pl.DataFrame) -> Path:
    """Write *rows* for *partner* and return the file; *policy* is the fingerprint of what permits them."""
    path = place(folder, partner, run_id, policy)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    rows.rechunk().write_parquet(partial, compression="zstd", statistics=False)
    sync(partial)
    step("share: make")
    partial.replace(path)
    sync(path.parent)
    step("share: is made")
    return path


def read(path: Path) -> pl.DataFrame:
    """Return the rows of the share at *path*, in their order."""
    import polars as pl

    return pl.read_parquet(path)


def place(folder: Path, partner: str, run_id: str, policy: str) -> Path:
    """Return where the share of *partner* of that run, under that policy, is or would be."""
    return folder / partner / f"{run_id}-{policy}.parquet"


def every(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield partner and file of all shares that there are."""
    for path in sorted(folder.glob("*/*.parquet")):
        yield path.parent.name, path


def sync(path: Path) -> None:
    """Make sure that *path*, a file or a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
