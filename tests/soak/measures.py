"""What Linux says of living processes, and how what it says grows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """Return the processes that process *pid* started, and theirs."""
    children = [int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in _children(task)]
    return [one for child in children for one in (child, *descendants(child))]


def _children(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # the thread has ended meanwhile
        return []


def rss_mb(pid: int) -> float:
    """Return what process *pid* holds of memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024, 1)


def descriptors(pid: int) -> int:
    """Return how many files process *pid* has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def slope(values: Sequence[float]) -> float:
    """Return by how much *values* grow from one to the next, by least squares."""
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    spread = sum((at - middle) ** 2 for at in range(len(values)))
    return sum((at - middle) * (value - mean) for at, value in enumerate(values)) / spread
