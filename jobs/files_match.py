"""Match any two files, with no workspace at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from connectors.files.accounts import read_accounts
from matching.duckdb_engine import DuckDbEngine
from matching.weights import DEFAULT
from overlap.errors import ConfigError


@dataclass(frozen=True, slots=True)
class FilesReport:
    """What came of matching two files; *notes* say what was left out or read otherwise than written."""

    left: int
    right: int
    matches: int
    reviews: int
    output: str
    notes: tuple[str, ...] = ()


def match_files(left: Path, right: Path, left_id: str, right_id: str, output: Path) -> FilesReport:
    """Write the pairs of *left* and *right* to the CSV *output*: left_id, right_id, score, decision, relation, reasons.

    *score* is the match probability, 0..1; *decision* is ``match`` or ``review``.

    Raises:
        ConfigError: a file or an id column is not there, or *output* is no CSV, one of the two files, or cannot be
            written.
        GuardError: a file as a whole cannot be trusted.
    """
    _check_output(output, left, right)
    ours, theirs = read_accounts(left, left_id), read_accounts(right, right_id)
    pairs = DuckDbEngine().match(
        ours.rows.with_columns(crm=pl.lit("left")), theirs.rows.with_columns(partner=pl.lit("right")), DEFAULT
    )
    found = pairs.select(
        left_id="ours_id",
        right_id="theirs_id",
        score=pl.col("probability").round(4),
        decision="decision",
        relation="relation",
        reasons="reasons",
    )
    partial = output.with_name(f".{output.name}.partial")
    try:
        found.write_csv(partial)
        partial.replace(output)
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror or error}") from error
    return FilesReport(
        left=ours.rows.height,
        right=theirs.rows.height,
        matches=found.filter(pl.col("decision") == "match").height,
        reviews=found.filter(pl.col("decision") == "review").height,
        output=str(output),
        notes=tuple(f"{path.name}: {note}" for path, read in ((left, ours), (right, theirs)) for note in read.notes),
    )


def _check_output(output: Path, *inputs: Path) -> None:
    """Find out now, not after the matching, that the result has no place."""
    if output.suffix.lower() != ".csv":
        raise ConfigError(f"{output}: the result is a CSV; give it a name that ends in .csv")
    if output.resolve() in [path.resolve() for path in inputs]:
        raise ConfigError(f"{output} is one of the two files to match; give the result another name")
    if not output.parent.is_dir():
        raise ConfigError(f"{output}: there is no folder {output.parent}; make it, or choose another")
