"""Every suite has a budget, and all of them together fit the time that a change may wait."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from tests.budgets import TABLE, budgets, lines, suite_of, taken

MOST_MINUTES = 2 * 17  # two cores


def test_every_suite_has_a_budget_and_together_they_fit() -> None:
    allowed = budgets(TABLE.read_text(encoding="utf-8"))
    here = Path(__file__).parent
    suites = {suite_of(f"tests/{file.relative_to(here).as_posix()}") for file in here.rglob("test_*.py")}
    assert allowed.keys() == suites
    assert sum(allowed.values()) <= MOST_MINUTES


def test_what_suites_took_is_told_beside_their_budgets() -> None:
    steps = [("tests/jobs/cli/test_a.py::b[x/y]", 90), ("tests/jobs/test_c.py::d", 30), ("tests/test_e.py::f", 6)]
    took = taken(SimpleNamespace(nodeid=nodeid, duration=seconds) for nodeid, seconds in steps)
    assert list(lines({"tests/jobs": 1.5, "tests": 1}, took)) == [
        "tests                   0.1 min of   1.0",
        "tests/jobs              2.0 min of   1.5  over",
        "all                     2.1 min of   2.5",
    ]
