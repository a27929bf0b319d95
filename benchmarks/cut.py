"""Cut a smaller benchmark out of a bigger one, with the same share of true pairs."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from benchmarks.tasks import read_pairs


def cut(folder: Path, rows: int, into: Path) -> Path:
    """Write left.csv, right.csv (*rows* each) and truth.csv, cut out of *folder*, to a folder below *into*; return it.

    Theirs are the first rows. Ours are those that truly match one of them, and then the first of the rest: cutting both
    sides blindly would leave almost no true pair.
    """
    ours = pl.read_csv(folder / "left.csv", infer_schema=False)
    theirs = pl.read_csv(folder / "right.csv", infer_schema=False).head(rows)
    truth = read_pairs(folder / "truth.csv").join(theirs, on="right_id", how="semi")
    matched = pl.col("left_id").is_in(truth["left_id"].implode())
    ours = ours.sort(matched, descending=True, maintain_order=True).head(rows)
    smaller = into / f"{rows}"
    smaller.mkdir()
    ours.write_csv(smaller / "left.csv")
    theirs.write_csv(smaller / "right.csv")
    truth.join(ours, on="left_id", how="semi").write_csv(smaller / "truth.csv")
    return smaller


if __name__ == "__main__":
    cut(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
