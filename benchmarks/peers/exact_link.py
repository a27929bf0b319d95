"""The least that anybody would do: equal clean name or equal domain, unless the countries are known and differ.

Usage: python -m benchmarks.peers.exact_link FOLDER OUT.csv
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import duckdb

from benchmarks.peers.cleaned import load

_PAIRS: Final = """
    select ours.id as left_id, theirs.id as right_id
    from ours join theirs on ours.{key} = theirs.{key} and coalesce(ours.country = theirs.country, true)
"""


def link(folder: Path, output: Path) -> None:
    """Write the pairs (left_id, right_id) of left.csv and right.csv in *folder* to *output*."""
    with duckdb.connect() as connection:
        load(connection, folder, "name", "domain", "country")
        pairs = " union ".join(_PAIRS.format(key=key) for key in ("name", "domain"))
        connection.sql(pairs).write_csv(str(output), header=True)


if __name__ == "__main__":
    link(Path(sys.argv[1]), Path(sys.argv[2]))
