"""How fast `overlap match` is, and how right, beside Splink and an exact join of the same files.

Usage: python -m benchmarks.match_speed [FOLDER ...] [--rows N ...] [--runs N] [--splink VENV] [--partners N]

Every run is a whole process, from the two files to a file of pairs, and the tools take turns, so that a machine that
is busy for a while is busy for all. Nothing big is read before the last run: see `benchmarks.processes`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import changed_rows, overlap_command, report, speed_tables
from benchmarks.processes import CommandFailedError, Cost, Costs, run, summary
from benchmarks.speed_tables import MEMORY_LIMIT, Speed

_PARTNER_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user wants measured; *splink* is the folder of an environment that has it, None leaves Splink out."""

    folders: tuple[Path, ...]
    rows: tuple[int, ...]
    runs: int
    splink: Path | None
    partners: int


def main() -> None:
    """Measure every folder, print the report and save it."""
    choice = _choice()
    with tempfile.TemporaryDirectory() as work:
        folders = [*choice.folders, *_cut(choice, Path(work))]
        measured = [costs(folder, choice, Path(work) / f"out{number}") for number, folder in enumerate(folders)]
        biggest = max(folders, key=lambda folder: (folder / "right.csv").stat().st_size)
        extras = _extras(biggest, choice, Path(work))
        speeds = [
            Speed.of(folder, tools, Path(work) / f"out{number}")
            for number, (folder, tools) in enumerate(zip(folders, measured, strict=True))
        ]
    found = {
        "splink": _splink_version(choice),
        "sizes": [asdict(speed) for speed in speeds],
        "extras": {name: asdict(cost) if cost else None for name, cost in extras.items()},
    }
    sections = speed_tables.sections(speeds, extras, choice.partners)
    print(report.save("match_speed", _command(choice), found, sections))


def costs(folder: Path, choice: Choice, output: Path) -> dict[str, Costs]:
    """Run every tool on *folder* in turns and return what each took; its pairs stay at *output*/TOOL.csv."""
    output.mkdir()
    taken: dict[str, list[Cost]] = {}
    for number in range(choice.runs):
        for tool, runs in _tools(choice).items():
            print(f"{folder.name}: {tool}, run {number + 1} of {choice.runs}", file=sys.stderr, flush=True)
            taken.setdefault(tool, []).append(runs(folder, output / f"{tool}.csv"))
    return {tool: summary(runs) for tool, runs in taken.items()}


def _tools(choice: Choice) -> dict[str, Callable[[Path, Path], Cost]]:
    """Return how to run each tool on a folder into a file of pairs."""
    tools: dict[str, Callable[[Path, Path], Cost]] = {
        "overlap": lambda folder, output: overlap_command.match(folder / "left.csv", folder / "right.csv", output),
        "exact": lambda folder, output: run(
            [sys.executable, "-m", "benchmarks.peers.exact_link", str(folder), str(output)]
        ),
    }
    if choice.splink is not None:
        python = str(choice.splink / "bin" / "python")
        for feed in ("standard", "cleaned"):
            tools[f"splink {feed}"] = lambda folder, output, feed=feed: run(  # type: ignore[misc]
                [python, "-m", "benchmarks.peers.splink_link", str(folder), str(output), feed]
            )
    return tools


def _extras(folder: Path, choice: Choice, work: Path) -> dict[str, Cost | None]:
    """Return what more we promise of the biggest size: little memory, a second run, many partners. None: it failed."""
    left, right = folder / "left.csv", folder / "right.csv"
    limit = {"OVERLAP_MEMORY_LIMIT": MEMORY_LIMIT}
    extras = {"memory limited": _tried(lambda: overlap_command.match(left, right, work / "l.csv", environment=limit))}
    again = changed_rows.commands(folder, work)
    if again is not None:
        run(again.first)
        extras["1 % of theirs changed"] = _tried(lambda: run(again.again))
    if choice.partners:
        command = [sys.executable, "-m", "benchmarks.partners", str(folder), str(choice.partners), str(_PARTNER_ROWS)]
        extras["partners together"] = _tried(lambda: run([*command, "together"]))
        extras["partners alone"] = _tried(lambda: run([*command, "alone"]))
    return extras


def _tried(measure: Callable[[], Cost]) -> Cost | None:
    """Return the cost, or None after saying what failed: the runs before it took long and are worth their report."""
    try:
        return measure()
    except CommandFailedError as error:
        print(error, file=sys.stderr)
        return None


def _cut(choice: Choice, work: Path) -> list[Path]:
    """Cut the sizes that the user asks for in a process of its own, so that this one stays small."""
    for rows in choice.rows:
        run([sys.executable, "-m", "benchmarks.cut", str(choice.folders[0]), str(rows), str(work)])
    return [work / str(rows) for rows in choice.rows]


def _command(choice: Choice) -> str:
    """Return what to type to get the same again, with names in place of paths."""
    sizes = f" --rows {' '.join(map(str, choice.rows))}" if choice.rows else ""
    partners = f" --partners {choice.partners}" if choice.partners else ""
    splink = " --splink VENV" if choice.splink else ""
    folders = " FOLDER" * len(choice.folders)
    return f"python -m benchmarks.match_speed{folders}{sizes} --runs {choice.runs}{splink}{partners}"


def _splink_version(choice: Choice) -> str | None:
    if choice.splink is None:
        return None
    asked = [str(choice.splink / "bin" / "python"), "-c", "import splink; print(splink.__version__)"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def _choice() -> Choice:
    parser = argparse.ArgumentParser(description="How fast and how right 'overlap match' is, beside other tools.")
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="left.csv, right.csv and truth.csv")
    parser.add_argument("--rows", nargs="*", type=int, default=[], help="also these sizes, cut out of the first FOLDER")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--splink", type=Path, default=os.environ.get("OVERLAP_BENCH_SPLINK"), help="an environment")
    parser.add_argument("--partners", type=int, default=0, help="also so many partners of 100,000 rows each")
    given = parser.parse_args()
    folders = given.folders or [Path(one) for one in os.environ.get("OVERLAP_BENCH_SPEED", "").split(os.pathsep) if one]
    if not folders:
        parser.error("name a folder with left.csv, right.csv and truth.csv, or set OVERLAP_BENCH_SPEED")
    for folder in folders:
        missing = [name for name in ("left.csv", "right.csv", "truth.csv") if not (folder / name).exists()]
        if missing:
            parser.error(f"'{folder}' lacks {', '.join(missing)}; see benchmarks/README.md")
    splink = Path(given.splink) if given.splink else None
    if splink is None:
        print("without Splink: name an environment that has it with --splink or OVERLAP_BENCH_SPLINK", file=sys.stderr)
    return Choice(tuple(folders), tuple(given.rows), given.runs, splink, given.partners)


if __name__ == "__main__":
    main()
