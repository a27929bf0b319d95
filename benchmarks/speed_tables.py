"""What the measured runs say beside our goals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks import report
from benchmarks.processes import Cost, Costs
from benchmarks.scoring import PAIR, hits, labelled, scores
from benchmarks.tasks import read_pairs

_NO_PAIRS: Final = pl.DataFrame(schema=dict.fromkeys(PAIR, pl.String))

#: What `overlap match` must finish with on the biggest size.
MEMORY_LIMIT: Final = "2GB"

#: From so many rows of theirs on the goals of a million count, and from so many the goal of growth has its lower size.
_MILLION: Final = 900_000
_HUNDRED_THOUSAND: Final = 90_000


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool at one size: what it *costs*, F1 at the best threshold, and F1 of what it calls a match by itself."""

    costs: Costs
    best_f1: float
    default_f1: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Every tool at one size; *ours* and *theirs* count rows."""

    ours: int
    theirs: int
    tools: dict[str, Tool]

    @classmethod
    def of(cls, folder: Path, costs: Mapping[str, Costs], output: Path) -> Speed:
        """Score the pairs that each tool left at *output*/TOOL.csv against the truth in *folder*."""
        truth = read_pairs(folder / "truth.csv")
        return cls(
            ours=_rows(folder / "left.csv"),
            theirs=_rows(folder / "right.csv"),
            tools={tool: _scored(output / f"{tool}.csv", truth, taken) for tool, taken in costs.items()},
        )


def sections(speeds: Sequence[Speed], extras: Mapping[str, Cost | None], partners: int) -> list[str]:
    """Return the tables: every tool at every size, the goals, and the *extras* at the biggest size."""
    rows = [
        (
            f"{speed.ours:,} x {speed.theirs:,}",
            name,
            f"{tool.costs.wall_s:.1f}",
            f"{tool.costs.median_wall_s:.1f}",
            f"{tool.costs.cpu_s:.1f}",
            f"{tool.costs.peak_mb:,.0f}",
            report.ratio(tool.best_f1),
            report.ratio(tool.default_f1),
        )
        for speed in speeds
        for name, tool in speed.tools.items()
    ]
    head = ("rows", "tool", "least s", "median s", "least CPU s", "peak MB", "best F1", "F1 as decided")
    more = [
        (name, f"{cost.wall_s:.1f}", f"{cost.cpu_s:.1f}", f"{cost.peak_mb:,.0f}") if cost else (name, "failed", "", "")
        for name, cost in extras.items()
    ]
    return [
        "## Side by side\n",
        "Whole processes, taking turns. `splink standard` gets lower-case names and hosts, `splink cleaned` also names"
        " without legal forms, registrable domains and phone numbers.\n",
        report.table(head, rows),
        "## Goals\n",
        report.table(("goal", "limit", "measured", ""), [*_goals(speeds), *_goals_of_extras(extras, speeds, partners)]),
        "## More at the biggest size\n",
        report.table(("run", "s", "CPU s", "peak MB"), more),
    ]


def _goals(speeds: Sequence[Speed]) -> list[tuple[str, str, str, str]]:
    goals: list[tuple[str, str, str, str]] = []
    million = next((speed for speed in speeds if speed.theirs >= _MILLION), None)
    if million is None:
        return goals
    ours = million.tools["overlap"]
    for name, peer in million.tools.items():
        if name.startswith("splink"):
            goals.append(_at_most(f"time beside {name}", ours.costs.wall_s / peer.costs.wall_s, 0.25))
            above = ours.best_f1 - peer.best_f1
            goals.append((f"F1 above {name}", "+0.06", f"{above:+.3f}", "reached" if above >= 0.06 else "MISSED"))
    exact = million.tools["exact"].costs
    goals.append(_at_most("time beside exact", ours.costs.wall_s / exact.wall_s, 3))
    goals.append(_at_most("peak memory, GB", ours.costs.peak_mb / 1024, 3))
    smaller = next((speed for speed in speeds if _HUNDRED_THOUSAND <= speed.theirs < _MILLION), None)
    if smaller is not None:
        grown = ours.costs.wall_s / smaller.tools["overlap"].costs.wall_s
        goals.append(_at_most(f"time from {smaller.theirs:,} to {million.theirs:,} rows", grown, 11))
    return goals


def _goals_of_extras(
    extras: Mapping[str, Cost | None], speeds: Sequence[Speed], partners: int
) -> list[tuple[str, str, str, str]]:
    limited = extras["memory limited"]
    goals = [
        ("DuckDB limited to", MEMORY_LIMIT, "finished" if limited else "failed", "reached" if limited else "MISSED")
    ]
    again = extras.get("1 % of theirs changed")
    if again:
        whole = max(speed.tools["overlap"].costs.wall_s for speed in speeds)
        goals.append(_at_most("1 % of theirs changed, s", again.wall_s, max(2.0, 0.08 * whole)))
    together, alone = extras.get("partners together"), extras.get("partners alone")
    if together and alone:
        share = together.wall_s / (alone.wall_s * partners)
        goals.append(_at_most(f"{partners} partners in one pass beside one by one", share, 0.3))
    return goals


def _at_most(goal: str, measured: float, limit: float) -> tuple[str, str, str, str]:
    return goal, f"<= {limit:g}", f"{measured:.2f}", "reached" if measured <= limit else "MISSED"


def _scored(file: Path, truth: pl.DataFrame, costs: Costs) -> Tool:
    pairs = read_pairs(file)
    decided = pairs.filter(pl.col("decision") == "match") if "decision" in pairs.columns else pairs
    true_pairs = truth.unique(PAIR).height
    return Tool(
        costs=costs,
        best_f1=scores(labelled(pairs, truth, _NO_PAIRS), true_pairs).best_f1,
        default_f1=hits(labelled(decided, truth, _NO_PAIRS), true_pairs).f1,
    )


def _rows(file: Path) -> int:
    return int(pl.scan_csv(file, infer_schema=False).select(pl.len()).collect().item())
