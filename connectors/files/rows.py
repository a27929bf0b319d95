"""From a partner's columns to ours: trimmed text, parsed values, one row per id.

The one thing to know: the outcome does not depend on the order of rows. Of two rows with one id, the fuller one stays,
and rows come out sorted by id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import polars as pl

from connectors.files.reader import ROW_NUMBER, Table

#: Characters that show nothing and still make two ids differ: zero width spaces and byte order marks.
_INVISIBLE: Final = "[\u200b\u2060\ufeff]"


def trimmed(table: Table, headings: Mapping[str, str], columns: Sequence[str]) -> pl.DataFrame:
    """Return `ROW_NUMBER` and *columns* as String; *headings* says where each comes from, others are all None.

    Runs of white space, line breaks among them, become one space; an empty cell is None.
    """
    return table.rows.select(
        ROW_NUMBER,
        *(
            _trim(pl.col(headings[column])).alias(column)
            if column in headings
            else pl.lit(None, pl.String).alias(column)
            for column in columns
        ),
    )


def parsed(
    rows: pl.DataFrame, column: str, parse: Callable[[str], Any], dtype: type[pl.DataType]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return *rows* with the texts in *column* replaced by what *parse* makes of them, and notes on what it cannot.

    An unreadable text becomes None; the note counts them and shows the first.
    """
    texts = rows[column].drop_nulls().unique().to_list()
    values = {text: parse(text) for text in texts}
    lost = rows.filter(pl.col(column).is_in([text for text, value in values.items() if value is None]))
    readable = {text: value for text, value in values.items() if value is not None}
    new = pl.col(column).replace_strict(list(readable), list(readable.values()), default=None, return_dtype=dtype)
    rows = rows.with_columns(new if readable else pl.lit(None, dtype).alias(column))
    if lost.is_empty():
        return rows, ()
    first = lost.row(0, named=True)
    note = (
        f"{column}: {lost.height} unreadable values were left empty, first '{first[column]}' in row {first[ROW_NUMBER]}"
    )
    return rows, (note,)


def one_per_id(rows: pl.DataFrame) -> tuple[pl.DataFrame, int, tuple[str, ...]]:
    """Return *rows* with each ``id`` once and sorted by it, how many rows were left out, and notes.

    Of rows that differ, the one with the most filled cells stays, then the first in the order of their text; a note
    says for how many ids that happened.
    """
    facts = [pl.col(name).cast(pl.String) for name in rows.columns if name != ROW_NUMBER]
    ranked = rows.with_columns(
        pl.sum_horizontal(fact.is_not_null() for fact in facts).alias("#filled"),
        pl.concat_str((fact.fill_null("") for fact in facts), separator="\x1f").alias("#text"),
    ).sort("id", "#filled", "#text", ROW_NUMBER, descending=[False, True, False, False])
    kept = ranked.unique("id", keep="first", maintain_order=True).drop("#filled", "#text")
    differing = ranked.group_by("id").agg(pl.col("#text").n_unique() > 1, pl.col(ROW_NUMBER).min())
    differing = differing.filter("#text").sort(ROW_NUMBER)
    notes: tuple[str, ...] = ()
    if not differing.is_empty():
        first = differing.row(0, named=True)
        notes = (
            f"id: {differing.height} ids come more than once with different content, first '{first['id']}' from row "
            f"{first[ROW_NUMBER]} on; the fullest row of each was kept",
        )
    return kept, rows.height - kept.height, notes


def _trim(cell: pl.Expr) -> pl.Expr:
    text = cell.str.replace_all(_INVISIBLE, "").str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(text != "").then(text)
