"""Match again when 1 % of theirs changed and the engine's state of the last run is on disk.

`commands` is all that `benchmarks.match_speed` asks of this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Again:
    """Two commands: *first* leaves the engine's state on disk, *again* is the one to be measured."""

    first: tuple[str, ...]
    again: tuple[str, ...]


def commands(folder: Path, work: Path) -> Again | None:
    """Return how to match left.csv and right.csv of *folder*, and again with 1 % of right.csv changed.

    Files may be written to *work* only. None as long as the engine keeps no state: then there is nothing to measure.
    """
    del folder, work
    return None
