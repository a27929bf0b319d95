"""How right `overlap match` is with its default settings, on tasks with known truth.

Usage: python -m benchmarks.quality [--data FOLDER]      (or the environment variable OVERLAP_BENCH_DATA)

It runs the real command, so it measures what a user gets: reading, matching, deciding and writing.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from benchmarks import overlap_command, report
from benchmarks.calibration import LEAST, Calibration, calibration
from benchmarks.scoring import Hits, Scores, hits, labelled, scores
from benchmarks.tasks import Task, find, known, known_table, read_pairs


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one variant of a task: how scores sort, and what the decision ``match`` got right."""

    task: str
    variant: str
    mode: str
    wall_s: float
    scores: Scores
    decided: Hits


def main() -> None:
    """Measure every task in the folder, print the report and save it."""
    tasks = _tasks()
    outcomes: list[Outcome] = []
    judged: list[pl.DataFrame] = []
    with tempfile.TemporaryDirectory() as folder:
        for task in tasks:
            for variant in task.variants:
                print(f"{task.name} {variant} ...", file=sys.stderr, flush=True)
                outcome, pairs = measure(task, variant, Path(folder) / "pairs.csv")
                outcomes.append(outcome)
                judged.append(pairs)
    calibrations = _calibrations(pl.concat(judged))
    found = {
        "tasks": [asdict(outcome) for outcome in outcomes],
        "calibration": {name: asdict(one) for name, one in calibrations.items()},
    }
    sections = [
        *_quality(outcomes),
        *_calibration(calibrations, found_below_half=overlap_command.has_option("--least")),
    ]
    print(report.save("quality", "make bench-quality", found, sections))


def measure(task: Task, variant: str, output: Path) -> tuple[Outcome, pl.DataFrame]:
    """Return what came of one variant, and its labelled pairs with ``task``; *output* is overwritten."""
    options = ["--least", str(LEAST)] if overlap_command.has_option("--least") else []
    mode = task.mode if overlap_command.has_option("--mode") else "company"
    if mode == "family":
        options += ["--mode", mode]
    cost = overlap_command.match(task.left, task.right(variant), output, *options)
    pairs = read_pairs(output)
    counted = labelled(pairs, task.truth, task.ignored)
    matches = labelled(pairs.filter(pl.col("decision") == "match"), task.truth, task.ignored)
    true_pairs = task.truth.unique(["left_id", "right_id"]).height
    outcome = Outcome(task.name, variant, mode, cost.wall_s, scores(counted, true_pairs), hits(matches, true_pairs))
    return outcome, counted.with_columns(task=pl.lit(task.name))


def _tasks() -> list[Task]:
    """Return the tasks of the folder that the user names, or stop with what to do."""
    parser = argparse.ArgumentParser(description="How right 'overlap match' is, on tasks with known truth.")
    parser.add_argument("--data", type=Path, default=os.environ.get("OVERLAP_BENCH_DATA"))
    data = parser.parse_args().data
    if data is None:
        parser.error(
            "name a folder of tasks with --data or OVERLAP_BENCH_DATA; benchmarks/README.md says what is in it"
        )
    tasks = find(Path(data)) if Path(data).is_dir() else []
    if not tasks:
        parser.error(f"there is no task in '{data}': a task is a folder with left.csv, right_d0.csv and truth.csv")
    return tasks


def _calibrations(judged: pl.DataFrame) -> dict[str, Calibration]:
    """Return the calibration of each task, its variants together, and of all pairs as ``all tasks``."""
    parts = {name: judged.filter(pl.col("task") == name) for name in judged["task"].unique().sort()}
    made = {name: calibration(part) for name, part in (parts | {"all tasks": judged}).items()}
    return {name: one for name, one in made.items() if one is not None}


def _quality(outcomes: list[Outcome]) -> list[str]:
    peers = known_table("peers")["names"]
    head = ("task", "variant", "best F1", "R95", "R99", "match precision", "match recall", *peers)
    return [
        "## Quality\n",
        "Best F1 at the best threshold of each task; R95 and R99 are recall at that precision; `match` is the decision"
        " with default settings. Goals in brackets. Other tools: best F1 / R95.\n",
        report.table(head, [_row(outcome) for outcome in outcomes]),
    ]


def _row(outcome: Outcome) -> list[str]:
    goal = known("goals", outcome.task, outcome.variant) or {}
    peers = known("peers", outcome.task, outcome.variant) or [None] * len(known_table("peers")["names"])
    same_company = bool(goal) and outcome.mode == "company"
    wanted = known_table("goals_of_match")
    return [
        outcome.task if outcome.mode == "company" else f"{outcome.task} ({outcome.mode})",
        outcome.variant,
        report.against(outcome.scores.best_f1, goal.get("f1")),
        report.against(outcome.scores.r95, goal.get("r95")),
        report.against(outcome.scores.r99, goal.get("r99")),
        report.against(outcome.decided.precision, wanted["precision"] if same_company else None),
        report.against(outcome.decided.recall, wanted["recall_of_r95"] * outcome.scores.r95 if same_company else None),
        *(f"{report.ratio(peer[0])} / {peer[1]:.2f}" if peer else "" for peer in peers),
    ]


def _calibration(calibrations: dict[str, Calibration], found_below_half: bool) -> list[str]:
    goal = known_table("goals_of_calibration")["error"]
    lowest = LEAST if found_below_half else 0.5
    errors = [
        (
            name,
            f"{one.pairs:,}",
            f"{report.ratio(one.error)} ({'reached' if one.error <= goal else 'MISSED'} {report.ratio(goal)})",
            f"{report.ratio(one.low)} to {report.ratio(one.high)}",
        )
        for name, one in calibrations.items()
    ]
    bins = [
        (f"{one.pairs:,}", report.ratio(one.said), report.ratio(one.came))
        for one in (calibrations["all tasks"].bins if calibrations else ())
    ]
    return [
        "## Calibration\n",
        f"Pairs with a score from {lowest} up, in ten bins of equally many pairs; the interval (95 %) is a bootstrap"
        " over rows of theirs. True pairs that were never proposed and ignored pairs are not in it.\n",
        report.table(("task", "pairs", "expected calibration error", "interval"), errors),
        "All tasks, bin by bin:\n",
        report.table(("pairs", "said", "came true"), bins),
    ]


if __name__ == "__main__":
    main()
