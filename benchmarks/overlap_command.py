"""Run the real `overlap match` on two files, as a user would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from benchmarks.processes import PROJECT, Cost, run

_OVERLAP = str(Path(sys.executable).parent / "overlap")


def match(left: Path, right: Path, output: Path, *options: str, environment: Mapping[str, str] | None = None) -> Cost:
    """Write the pairs of *left* and *right*, whose ids are left_id and right_id, to *output*; return what it cost."""
    ids = ("--left-id", "left_id", "--right-id", "right_id")
    return run([_OVERLAP, "match", str(left), str(right), *ids, "-o", str(output), *options], environment)


@cache
def has_option(option: str) -> bool:
    """Whether `overlap match` knows *option*, such as ``--mode``."""
    said = subprocess.run([_OVERLAP, "match", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True)
    return option in said.stdout.split()
