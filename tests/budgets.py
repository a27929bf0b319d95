"""What each suite may take, as docs/testing.md says, beside what it took. Nothing fails for it: machines differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "docs" / "testing.md"


def budgets(text: str) -> dict[str, float]:
    """Return the minutes that each suite may take: the first two columns of the table in *text*."""
    return {
        suite: float(minutes) for suite, minutes in re.findall(r"^\| `([\w/]+)` \| ([\d.]+) \|", text, re.MULTILINE)
    }


def suite_of(nodeid: str) -> str:
    """Return the suite of a test: its folder right below ``tests``, or ``tests`` itself."""
    parts = nodeid.partition("::")[0].split("/")
    return "/".join(parts[:2] if len(parts) > 2 else parts[:1])


def taken(reports: Iterable[Any]) -> dict[str, float]:
    """Return the minutes that the tests of each suite took, of all processes together."""
    minutes: dict[str, float] = {}
    for report in reports:
        suite = suite_of(report.nodeid)
        minutes[suite] = minutes.get(suite, 0.0) + report.duration / 60
    return minutes


def lines(allowed: Mapping[str, float], took: Mapping[str, float]) -> Iterator[str]:
    """Yield a line per suite, and one for all."""
    for suite in sorted({*allowed, *took}):
        yield _line(suite, took.get(suite, 0.0), allowed.get(suite, 0.0))
    yield _line("all", sum(took.values()), sum(allowed.values()))


def _line(name: str, took: float, allowed: float) -> str:
    return f"{name:<20} {took:6.1f} min of {allowed:5.1f}{'  over' if took > allowed else ''}"
