"""Save what a benchmark found: JSON for programs, Markdown for people. Figures only, never a row of the data."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parent / "results"
_PACKAGES: Final = ("overlap-engine", "duckdb", "polars", "numpy", "rapidfuzz")


def save(name: str, command: str, found: dict[str, Any], sections: Iterable[str]) -> str:
    """Write ``results/NAME.json`` and ``results/NAME.md``, and return the Markdown.

    *command* is what to type to get this again, without paths.
    """
    made = {"command": command, "made_at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
    made["versions"] = versions()
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"schema_version": 1, **made, **found}, indent=2) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")
    head = f"# {name.replace('_', ' ').capitalize()}\n\n`{command}`, {made['made_at']}\n\n{_sentence(made)}\n"
    markdown = "\n".join([head, *sections])
    (RESULTS / f"{name}.md").write_text(markdown, encoding="utf-8")
    return markdown


def machine() -> dict[str, Any]:
    """Return cores, memory in GB and the processor's model; no name of the machine, no path."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cores": os.cpu_count(), "memory_gb": round(memory_gb, 1), "processor": _processor()}


def versions() -> dict[str, str]:
    """Return the versions of Python and of what the engine computes with."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table whose columns line up when read as plain text."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in [list(head), *cells]) for place in range(len(head))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *cells]]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def ratio(figure: float) -> str:
    """Return a figure of 0..1 with three digits, as the literature writes it: ``.934``."""
    return f"{figure:.3f}".removeprefix("0")


def against(figure: float, goal: float | None) -> str:
    """Return *figure* with its *goal*, and whether it is reached, if there is one."""
    if goal is None:
        return ratio(figure)
    return f"{ratio(figure)} ({'reached' if figure >= goal else 'MISSED'} {ratio(goal)})"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _sentence(made: dict[str, Any]) -> str:
    known = made["machine"]
    named = ", ".join(f"{package} {number}" for package, number in made["versions"].items())
    return f"{known['cores']} cores, {known['memory_gb']} GB, {known['processor']}; {named}."
