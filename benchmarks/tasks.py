"""The tasks in a folder, what other tools reach on them, and what we want to reach.

A task is a folder with left.csv (left_id), right_d0.csv or right_d50.csv or both (right_id), truth.csv (left_id,
right_id) and, if some pairs count neither way, ignore.csv. Tasks of one's own have no goals and no peers.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl

from benchmarks.scoring import PAIR

VARIANTS: Final = ("d0", "d50")


@dataclass(frozen=True, slots=True)
class Task:
    """One task: *truth* and *ignored* hold left_id and right_id, *mode* is ``company`` or ``family``."""

    name: str
    folder: Path
    variants: tuple[str, ...]
    truth: pl.DataFrame
    ignored: pl.DataFrame

    @property
    def mode(self) -> str:
        """What counts as a match: the same company, or any company of the same group where the name says so."""
        return "family" if "group" in self.name else "company"

    @property
    def left(self) -> Path:
        """Our side."""
        return self.folder / "left.csv"

    def right(self, variant: str) -> Path:
        """Their side."""
        return self.folder / f"right_{variant}.csv"


def find(folder: Path) -> list[Task]:
    """Return the tasks in *folder*, or *folder* itself if it is one, by name."""
    places = [folder, *folder.iterdir()]
    return sorted((_read(place) for place in places if _is_task(place)), key=lambda task: task.name)


def known(table: str, task: str, variant: str) -> Any:
    """Return what ``known.toml`` has on one variant of a task in *table* (``goals``, ``peers``); None if nothing."""
    figures = known_table("peers")["figures"] if table == "peers" else known_table(table)
    return figures.get(task, {}).get(variant)


@cache
def known_table(table: str) -> dict[str, Any]:
    """Return one whole table of ``known.toml``."""
    found: dict[str, Any] = tomllib.loads((Path(__file__).parent / "known.toml").read_text(encoding="utf-8"))[table]
    return found


def _is_task(folder: Path) -> bool:
    return (folder / "left.csv").exists() and (folder / "truth.csv").exists() and bool(_variants(folder))


def _variants(folder: Path) -> tuple[str, ...]:
    return tuple(variant for variant in VARIANTS if (folder / f"right_{variant}.csv").exists())


def _read(folder: Path) -> Task:
    ignored = folder / "ignore.csv"
    nothing = pl.DataFrame(schema=dict.fromkeys(PAIR, pl.String))
    return Task(
        name=folder.name,
        folder=folder,
        variants=_variants(folder),
        truth=read_pairs(folder / "truth.csv"),
        ignored=read_pairs(ignored) if ignored.exists() else nothing,
    )


def read_pairs(file: Path) -> pl.DataFrame:
    """Return a CSV of pairs with every id as text, as ids may begin with a zero."""
    return pl.read_csv(file, schema_overrides=dict.fromkeys(PAIR, pl.String))
