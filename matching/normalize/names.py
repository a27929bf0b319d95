"""Take company names apart: each distinct name gives one or more variants, with words that can be compared.

A name is not cleaned to death: legal forms go only from the end (a few from the start), never the last word, and the
form is kept beside the core. "SAS Institute" and "Limited Brands" keep all their words. Most names need little; those
that need more are told by one pattern and go the long way round (`aliases`, `scripts`).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

import polars as pl

from matching.normalize.aliases import KNOWN, names_inside
from matching.normalize.folding import HOST, folded, folding, plain_text, special
from matching.normalize.forms import respelled, split_forms, split_starts, starting
from matching.normalize.scripts import to_latin
from matching.normalize.words import (
    common_words,
    generic_words,
    nobody,
    region_words,
    unit_words,
    vocabulary,
)

__all__ = [
    "BESIDE",
    "common_words",
    "generic_words",
    "host_names",
    "region_words",
    "rows_of_names",
    "unit_words",
    "variants",
    "vocabulary",
]

#: From this variant on, a name only stands beside the company's: it may be a place, a division or a remark.
BESIDE: Final = 16

#: More than any name has.
_MOST_VARIANTS: Final = 1 << 20
#: Names that are read at a time: memory that was used just before costs less than new memory.
_AT_A_TIME: Final = 1 << 16
_COLUMNS: Final = ("row", "variant", "core", "squeezed", "form", "native")


def variants(names: pl.Series) -> pl.DataFrame:
    """Take distinct *names* apart and return one row per name and variant.

    Columns: ``name`` (the original); ``variant`` (0 is the name itself, others are said to be its too: dba, formerly;
    those from `BESIDE` on only stand in brackets or behind a dash, or lack a region); ``core`` (words in one spelling
    and their order, without form, "and" and "the"); ``squeezed`` (the words as written, without spaces, as in a
    website); ``form`` (the legal form in short, "" for none); ``native`` (the words in their own script, without form,
    "" for a Latin name). A name without a letter or digit has no row, nor has one that says that there is none
    ("Confidential"). Names that need more than folding come last.
    """
    distinct = _distinct(names)
    easy, rest = _easy_and_rest(distinct)
    taken = _taken_apart(rest["name"])
    found = pl.concat([easy.sort("row"), taken.with_columns(row=rest["row"].gather(taken["row"]))])
    return found.select(name=distinct.gather(found["row"])).hstack(found.select(_COLUMNS[1:]))


def rows_of_names(names: pl.Series) -> pl.DataFrame:
    """Return the `variants` of each row of *names*: ``row`` in the place of ``name``, sorted by row and variant.

    Among millions of names few are the same, and finding those would take longer than reading them twice.
    """
    easy, rest = _easy_and_rest(names)
    distinct = _distinct(rest["name"])
    taken = _taken_apart(distinct).rename({"row": "place"})
    places = rest.join(distinct.to_frame().with_row_index("place"), on="name").select("place", "row")
    found = pl.concat([easy, taken.join(places, on="place").select(_COLUMNS)], rechunk=True)
    # Sorting numbers and moving each text once takes a third of the time of sorting texts beside them.
    order = found.select(pl.col("row").cast(pl.Int64) * _MOST_VARIANTS + pl.col("variant")).to_series().arg_sort()
    return found.select(pl.all().gather(order))


def host_names(names: pl.Expr) -> pl.Expr:
    """Return *names* that are hosts ("support.code42.com"), null for all others."""
    text = names.str.strip_chars().str.to_lowercase()
    return pl.when(text.str.contains(HOST)).then(text)


def _distinct(names: pl.Series) -> pl.Series:
    """Return each of *names* once; only those whose hash is not their own are compared letter by letter."""
    known = names.alias("name").drop_nulls()
    twice = known.hash().is_duplicated()
    return pl.concat([known.filter(~twice), known.filter(twice).unique(maintain_order=True)])


def _easy_and_rest(names: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the variants of *names* that need folding only, and ``row`` and ``name`` of those that need more.

    A ``row`` is a place in *names*.
    """
    rows = names.alias("name").to_frame().with_row_index("row").filter(pl.col("name").is_not_null())
    with ThreadPoolExecutor(2) as pool:
        read = list(pool.map(_read_easy, rows.iter_slices(_AT_A_TIME))) or [_read_easy(rows)]
    easy, rest = (pl.concat(parts) for parts in zip(*read, strict=True))
    return easy, rest


def _read_easy(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the variants of those of *rows* (``row``, ``name``) that need folding only, and the other rows."""
    # Two names in three have nothing that folds, and need no more than small letters.
    small = rows["name"].str.to_lowercase()
    folds = small.str.contains(folding())
    others = rows.filter(folds)
    text = others.select(folded(pl.col("name"))).to_series()
    more = text.str.contains(special())
    found = pl.concat([rows.select("row").filter(~folds), others.select("row").filter(~more)])
    found = found.hstack(split_forms(pl.concat([small.filter(~folds), text.filter(~more)])))
    found = found.filter(~pl.col("squeezed").is_in(nobody()))
    found = found.with_columns(variant=pl.lit(0, pl.Int64), native=pl.lit("")).select(_COLUMNS)
    return found, others.filter(more)


def _taken_apart(names: pl.Series) -> pl.DataFrame:
    """Return the variants of *names* that have more to them than words in ASCII; a ``row`` is a place in *names*."""
    return _all_taken_apart(names) if names.len() else _none()


@cache
def _none() -> pl.DataFrame:
    """Return the variants of no names: small lists have none that need more, and asking would cost as much as few."""
    return _all_taken_apart(pl.Series(dtype=pl.String))


def _all_taken_apart(names: pl.Series) -> pl.DataFrame:
    parts = to_latin(names_inside(names))
    parts = parts.with_columns(text=plain_text(parts["text"])).filter(pl.col("text") != "").with_row_index("at")
    read = parts.hstack(split_forms(parts["text"]))
    begins = read["text"].str.contains(starting())
    read = pl.concat([read.filter(~begins), _without_starts(read.filter(begins))]).sort("at")
    read = read.with_columns(form=pl.when(pl.col("native_form") != "").then("native_form").otherwise("form"))
    found = read.filter(~pl.col("squeezed").is_in(nobody())).with_columns(several=pl.col("row").is_duplicated())
    several = found.filter("several").sort("row", "place", maintain_order=True)
    several = several.unique(["row", "core"], keep="first", maintain_order=True)
    at = pl.int_range(pl.len(), dtype=pl.Int64).over("row")
    several = several.with_columns(variant=at + pl.when(pl.col("place") > KNOWN).then(BESIDE).otherwise(0))
    single = found.filter(~pl.col("several")).with_columns(variant=pl.lit(0, pl.Int64))
    return pl.concat([single.select(_COLUMNS), several.select(_COLUMNS)])


def _without_starts(read: pl.DataFrame) -> pl.DataFrame:
    """Cut forms from the start of what `split_forms` has *read*, too."""
    ended = pl.col("text").str.strip_suffix(pl.col("tail")) + pl.col("kept")
    cut = split_starts(read.with_columns(text=ended))
    return cut.with_columns(*respelled(cut["text"]))
