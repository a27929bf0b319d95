"""From a partner's columns to ours: trimmed text, parsed values, one row per id.

The one thing to know: which rows stay does not depend on their order. Of two rows with one id, the fuller one stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import polars as pl

from connectors.files import values
from connectors.files.reader import ROW_NUMBER, Table

#: Characters that show nothing and still make two ids differ: zero width spaces and byte order marks.
_INVISIBLE: Final = "[\u200b\u2060\ufeff]"
#: A cell that is not as `_trim` leaves it: few are, and looking is cheaper than trimming.
_UNTIDY: Final = rf"^ | $|  |[\s--\x20]|{_INVISIBLE}"
#: What may be a list: brackets around nothing or quotes.
_LIST: Final = r"^(?:\[.*\]|\(.*\))$"
#: A count without any sign, separator or unit.
_PLAIN_COUNT: Final = r"^[0-9]{1,9}$"


def trimmed(table: Table, headings: Mapping[str, str], columns: Sequence[str]) -> pl.DataFrame:
    """Return `ROW_NUMBER` and *columns* as String; *headings* says where each comes from, others are all None.

    Runs of white space, line breaks among them, become one space; an empty cell is None.
    """
    return table.rows.select(
        ROW_NUMBER,
        *(
            trim(table, headings[column]).alias(column) if column in headings else pl.lit(None, pl.String).alias(column)
            for column in columns
        ),
    )


def trim(table: Table, heading: str) -> pl.Series:
    """Return the column *heading* of *table* trimmed, see `trimmed`."""
    texts = table.rows[heading]
    suspects = texts if table.untidy is None else texts.filter(table.untidy)
    untidy = suspects.str.contains(_UNTIDY).fill_null(False)
    if not untidy.any():
        return texts
    places = untidy.arg_true() if table.untidy is None else table.untidy.arg_true().filter(untidy)
    return texts.clone().scatter(places, suspects.filter(untidy).to_frame().select(_trim(pl.first())).to_series())


def without_lists(rows: pl.DataFrame, but: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return *rows* with the first text of each cell that is a list as programs write one, and a note on them.

    The column *but* is left as it is: somebody else takes it apart.
    """
    columns = [name for name in rows.columns if name not in (ROW_NUMBER, but)]
    has_any = rows.select(pl.col(columns).str.contains(_LIST).any()).row(0, named=True)
    found = [name for name in columns if has_any[name]]
    told = []
    for name in found:
        parts = {text: values.literal_parts(text) for text in rows[name].drop_nulls().unique()}
        firsts = {text: next(filter(None, several), None) for text, several in parts.items() if several is not None}
        if firsts:
            first = pl.col(name).replace_strict(
                list(firsts), list(firsts.values()), default=pl.col(name), return_dtype=pl.String
            )
            rows = rows.with_columns(first)
            told.append(name)
    return rows, (f"lists in cells of {', '.join(told)} were taken apart: the first of each counts",) if told else ()


def parsed(
    rows: pl.DataFrame, column: str, parse: Callable[[str], Any], dtype: type[pl.DataType]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return *rows* with the texts in *column* replaced by what *parse* makes of them, and notes on what it cannot.

    An unreadable text becomes None; the note counts them and shows the first.
    """
    texts = rows[column]
    plain = _plain(texts, dtype)
    odd = texts.filter(plain.is_null()).drop_nulls().unique().to_list()
    values = {text: parse(text) for text in odd}
    lost = rows.filter(pl.col(column).is_in([text for text, value in values.items() if value is None]))
    readable = {text: value for text, value in values.items() if value is not None}
    if readable:
        new = texts.replace_strict(list(readable), list(readable.values()), default=None, return_dtype=dtype)
        plain = plain.zip_with(plain.is_not_null(), new)
    rows = rows.with_columns(plain.alias(column))
    if lost.is_empty():
        return rows, ()
    first = lost.row(0, named=True)
    note = (
        f"{column}: {lost.height} unreadable values were left empty, first '{first[column]}' in row {first[ROW_NUMBER]}"
    )
    return rows, (note,)


def one_per_id(rows: pl.DataFrame) -> tuple[pl.DataFrame, int, tuple[str, ...]]:
    """Return *rows* with each ``id`` once and in their order, how many rows were left out, and notes.

    Of rows that differ, the one with the most filled cells stays, then the first in the order of their text; a note
    says for how many ids that happened.
    """
    if rows["id"].hash().n_unique() == rows.height:  # so many hashes cannot come of fewer ids
        return rows, 0, ()
    again = pl.col("id").is_duplicated()
    ranked = _ranked(rows.filter(again))
    kept = ranked.unique("id", keep="first", maintain_order=True).drop("#filled", "#text")
    kept = pl.concat([rows.filter(~again), kept]).sort(ROW_NUMBER)
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


def _ranked(rows: pl.DataFrame) -> pl.DataFrame:
    """Sort *rows* by id, and those of one id so that the one to keep comes first; ``#text`` is all that a row says."""
    facts = [pl.col(name).cast(pl.String) for name in rows.columns if name != ROW_NUMBER]
    return rows.with_columns(
        pl.sum_horizontal(fact.is_not_null() for fact in facts).alias("#filled"),
        pl.concat_str((fact.fill_null("") for fact in facts), separator="\x1f").alias("#text"),
    ).sort("id", "#filled", "#text", ROW_NUMBER, descending=[False, True, False, False])


def _plain(texts: pl.Series, dtype: type[pl.DataType]) -> pl.Series:
    """Return what needs no parser, as *dtype*: in most lists all counts are mere digits."""
    if dtype != pl.Int64:
        return pl.Series(texts.name, [None], dtype).new_from_index(0, texts.len())
    digits = texts.str.contains(_PLAIN_COUNT)
    return texts.set(~digits, None).cast(pl.Int64)


def _trim(cell: pl.Expr) -> pl.Expr:
    text = cell.str.replace_all(_INVISIBLE, "").str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(text != "").then(text)
