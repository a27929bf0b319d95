"""Whether a secret is said anywhere: every test of secrets that is marked as a campaign, and how often it tried.

``python -m tests.jobs.leak_campaign`` saves the counts as a benchmark's result.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.report import save, table
from tests.jobs.leaks import CANARIES

_HERE = Path(__file__).parent
_TESTS = ("test_secrets.py", "test_secrets_hubspot.py", "telling/test_secrets.py")


class _Counts:
    """What the tests said of themselves: how often each kind of trouble was played, and which tests failed."""

    def __init__(self) -> None:
        self.played: Counter[str] = Counter()
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in how a test went."""
        if report.failed:
            self.failed.append(report.nodeid)
        if report.when == "call":
            self.played.update({name: int(str(times)) for name, times in report.user_properties})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.jobs.leak_campaign", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="how many tests at the same time")
    options = parser.parse_args()
    counts = _Counts()
    files = [str(_HERE / name) for name in _TESTS]
    code = pytest.main(["-q", "-n", str(options.jobs), "-m", "campaign", *files], [counts])
    rows = [("canaries", len(CANARIES)), *sorted(counts.played.items()), ("failed tests", len(counts.failed))]
    found = {"canaries": len(CANARIES), "played": dict(counts.played), "failed": counts.failed}
    command = f"python -m tests.jobs.leak_campaign --jobs {options.jobs}"
    print(save("secrets", command, found, [table(("what", "count"), rows)]))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
