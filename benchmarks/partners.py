"""Match many partners against one CRM: all in one pass, or one by one. Run in a process of its own, to be measured.

Usage: python -m benchmarks.partners FOLDER PARTNERS ROWS {together,alone}

Every partner has ROWS rows of FOLDER's right.csv, another choice each, so that partners overlap as real ones do.
``alone`` matches the first partner only: times PARTNERS, that is what one by one would take.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from connectors.files.accounts import read_accounts
from matching.duckdb_engine import DuckDbEngine
from matching.weights import DEFAULT


def main() -> None:
    """Read, match, and say on stdout how many pairs came of it."""
    folder, partners, rows, way = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    ours = read_accounts(folder / "left.csv", "left_id").rows.with_columns(crm=pl.lit("crm"))
    right = read_accounts(folder / "right.csv", "right_id").rows
    numbers = range(partners) if way == "together" else range(1)
    theirs = pl.concat([_partner(right, number, rows) for number in numbers])
    print(DuckDbEngine().match(ours, theirs, DEFAULT).height)


def _partner(right: pl.DataFrame, number: int, rows: int) -> pl.DataFrame:
    """Return the list of one partner: a draw without repetition, the same in every run."""
    drawn = right.sample(min(rows, right.height), seed=number)
    return drawn.with_columns(partner=pl.lit(f"partner-{number:03}"))


if __name__ == "__main__":
    main()
