"""Match any two files, with no workspace at all.

The one thing to know: how the engine is asked stands in `_found` alone. The rest reads, counts and writes. The engine
takes half a second to load, so that it is imported where it is needed, and while the files are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

import polars as pl

from config.lists import without_workspace
from connectors.files.accounts import Accounts
from connectors.files.guarded import Reader
from jobs import files_result
from matching.model import MODES, Mode
from overlap.errors import ConfigError

if TYPE_CHECKING:
    from jobs.context import Report
    from matching.duckdb_engine import DuckDbEngine

_DECISIONS: Final = ("match", "review", "no match")
_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two files; *id_column* None lets the reader guess it."""

    path: Path
    id_column: str | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked of the matching.

    *mode* is the question (same company, or same account family), *precision* what matches are expected to have (0..1),
    *least* the least probability of a pair that is written (0..1). *explain* adds the evidence, *diagnose* the figures
    of `diagnosis`. *memory_limit* is DuckDB's, such as ``2GB``.
    """

    mode: Mode = "same"
    precision: float = 0.99
    least: float = 0.5
    explain: bool = False
    diagnose: bool = False
    memory_limit: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A pair to show to a person."""

    left_name: str
    right_name: str
    score: float
    decision: str
    reasons: str


@dataclass(frozen=True, slots=True)
class FilesReport:
    """What came of matching two files.

    *left* and *right* count the rows compared, *counts* the pairs written, by decision. *columns* says by side which
    column of the file was taken as what; *timings_s* is by phase. *notes* say what was left out or read otherwise than
    written. *examples* are the best and the most likely doubtful pairs, if they were to be explained.
    """

    left: int
    right: int
    counts: Mapping[str, int]
    output: str
    columns: Mapping[str, Mapping[str, str]]
    timings_s: Mapping[str, float]
    notes: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    diagnosis: Mapping[str, int | float] | None = None


def match_files(left: Side, right: Side, output: Path | None, wishes: Wishes, report: Report) -> FilesReport:
    """Write the pairs of two files to *output*, the surest first; its columns are `files_result.COLUMNS`.

    *output* is a CSV, XLSX or Parquet file by its ending; None is a CSV beside *left* that bears both names.

    Raises:
        ConfigError: a file or an id column is not there, *left* is *right*, the model cannot promise the precision, or
            *output* has another ending, is one of the two files, or cannot be written.
        GuardError: a file as a whole cannot be trusted.
    """
    output = output or left.path.with_name(f"{left.path.stem}-{right.path.stem}-overlap.csv")
    _check_inputs(left.path, right.path)
    files_result.check_output(output, left.path, right.path)
    timings: dict[str, float] = {}
    with _phase("reading", report, timings), ThreadPoolExecutor(max_workers=2) as pool:
        read = pool.map(_read, (left, right))
        engine = _engine(wishes)
        ours, theirs = read
    with _phase("comparing", report, timings):
        pairs = _found(engine, ours.rows, theirs.rows, wishes)
    with _phase("writing", report, timings):
        found = files_result.result_of(pairs, ours.rows, theirs.rows, wishes.explain)
        written = files_result.write(found, output)
    return FilesReport(
        left=ours.rows.height,
        right=theirs.rows.height,
        counts=_counts(found),
        output=str(output),
        columns={"left": ours.columns, "right": theirs.columns},
        timings_s=timings,
        notes=(*_notes(left, ours), *_notes(right, theirs), *written),
        examples=_examples(found) if wishes.explain else (),
        diagnosis=diagnosis(ours.rows, theirs.rows, pairs) if wishes.diagnose else None,
    )


def diagnosis(ours: pl.DataFrame, theirs: pl.DataFrame, pairs: pl.DataFrame) -> Mapping[str, int | float]:
    """Return figures by name that say how complete and how costly the search was."""
    from matching.diagnosis import diagnose

    sure = pairs.filter(pl.col("decision") == "match")
    return {
        "left rows": ours.height,
        "right rows": theirs.height,
        "left rows matched": sure["ours_id"].n_unique(),
        "right rows matched": sure["theirs_id"].n_unique(),
        **_counts(pairs),
        **diagnose(*_sides(ours, theirs)),
    }


def _read(side: Side) -> Accounts:
    with Reader(without_workspace()) as reader:
        return reader.read_accounts(side.path, side.id_column)


def _engine(wishes: Wishes) -> DuckDbEngine:
    from matching.duckdb_engine import DuckDbEngine

    return DuckDbEngine(wishes.memory_limit)


def _found(engine: DuckDbEngine, ours: pl.DataFrame, theirs: pl.DataFrame, wishes: Wishes) -> pl.DataFrame:
    """Return the engine's pairs (`overlap.model.Match`) as *wishes* want them."""
    from matching.model_file import shipped
    from matching.relations import relate

    model = shipped()[0].for_mode(wishes.mode).for_precision(wishes.precision)
    left, right = _sides(ours, theirs)
    return relate(engine.match(left, right, model, wishes.least), left, right, model)


def _sides(ours: pl.DataFrame, theirs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of two files as the engine takes them."""
    return ours.with_columns(crm=pl.lit("left")), theirs.with_columns(partner=pl.lit("right"))


def _check_inputs(left: Path, right: Path) -> None:
    if left.exists() and right.exists() and left.samefile(right):
        raise ConfigError(f"{right}: LEFT and RIGHT are the same file; name the file to match {left.name} with")


@contextmanager
def _phase(name: str, report: Report, timings: dict[str, float]) -> Iterator[None]:
    report(name, None)
    began = perf_counter()
    yield
    timings[name] = round(perf_counter() - began, 3)


def _counts(pairs: pl.DataFrame) -> dict[str, int]:
    counts = dict(pairs.group_by("decision").len().iter_rows())
    return {decision: counts.get(decision, 0) for decision in _DECISIONS}


def _notes(side: Side, read: Accounts) -> Iterator[str]:
    return (f"{side.path.name}: {note}" for note in read.notes)


def _examples(found: pl.DataFrame) -> tuple[Example, ...]:
    shown = ["left_name", "right_name", "score", "decision", "reasons"]
    best = (found.filter(pl.col("decision") == decision).head(_EXAMPLES) for decision in ("match", "review"))
    return tuple(Example(*row) for row in pl.concat(best).select(shown).iter_rows())


__all__ = ["MODES", "Example", "FilesReport", "Mode", "Side", "Wishes", "diagnosis", "match_files"]
