"""Take company names apart: each distinct name gives one or more variants, with words that can be compared.

A name is not cleaned to death: legal forms go only from the end (a few from the start), never the last word, and the
form is kept beside the core. "SAS Institute" and "Limited Brands" keep all their words. Most names need little; those
that need more are told by one pattern and go the long way round (`aliases`, `scripts`).
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from matching.normalize.aliases import KNOWN, names_inside
from matching.normalize.folding import HOST, folded, plain_text, special
from matching.normalize.forms import split_forms, split_starts
from matching.normalize.scripts import to_latin
from matching.normalize.words import (
    common_words,
    generic_words,
    nobody,
    region_words,
    spellings,
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

_COLUMNS: Final = ("name", "variant", "core", "squeezed", "form", "native")


def variants(names: pl.Series) -> pl.DataFrame:
    """Take distinct *names* apart and return one row per name and variant.

    Columns: ``name`` (the original); ``variant`` (0 is the name itself, others are said to be its too: dba, formerly;
    those from `BESIDE` on only stand in brackets or behind a dash, or lack a region); ``core`` (words in one spelling
    and their order, without form, "and" and "the"); ``squeezed`` (the words as written, without spaces, as in a
    website); ``form`` (the legal form in short, "" for none); ``native`` (the words in their own script, without form,
    "" for a Latin name). A name without a letter or digit has no row, nor has one that says that there is none
    ("Confidential"). Names that need more than folding come last.
    """
    folds = _distinct(names).lazy().with_columns(text=folded(pl.col("name")))
    read = folds.with_columns(special=pl.col("text").str.contains(special())).collect(engine="streaming")
    easy = read.lazy().filter(~pl.col("special")).select("name", "text", variant=pl.lit(0, pl.Int64), native=pl.lit(""))
    rest = _taken_apart(read.filter("special")["name"])
    return pl.concat([_cores(split_forms(easy)).select(_COLUMNS).collect(engine="streaming"), rest])


def rows_of_names(names: pl.Series) -> pl.DataFrame:
    """Return the `variants` of each row of *names*: ``row`` in the place of ``name``, sorted by row and variant.

    Among millions of names few are the same, and finding those would take longer than reading them twice.
    """
    rows = names.alias("name").to_frame().with_row_index("row").lazy().filter(pl.col("name").is_not_null())
    folds = rows.with_columns(text=folded(pl.col("name")))
    read = folds.with_columns(special=pl.col("text").str.contains(special())).collect(engine="streaming")
    easy = read.lazy().filter(~pl.col("special")).select("row", "text", variant=pl.lit(0, pl.Int64), native=pl.lit(""))
    columns = ("row", *_COLUMNS[1:])
    rest = read.filter("special").select("row", "name")
    taken = rest.join(_taken_apart(rest["name"].unique()), on="name").select(columns)
    found = _cores(split_forms(easy)).select(columns).collect(engine="streaming")
    return pl.concat([found, taken]).sort("row", "variant")


def host_names(names: pl.Expr) -> pl.Expr:
    """Return *names* that are hosts ("support.code42.com"), null for all others."""
    text = names.str.strip_chars().str.to_lowercase()
    return pl.when(text.str.contains(HOST)).then(text)


def _distinct(names: pl.Series) -> pl.DataFrame:
    """Return each of *names* once; only those whose hash is not their own are compared letter by letter."""
    frame = names.rename("name").to_frame().filter(pl.col("name").is_not_null())
    frame = frame.with_columns(twice=pl.col("name").hash().is_duplicated())
    once, twice = frame.filter(~pl.col("twice")), frame.filter("twice")
    return pl.concat([once, twice.unique(maintain_order=True)]).select("name")


def _taken_apart(names: pl.Series) -> pl.DataFrame:
    """Return the variants of *names* that have more to them than words in ASCII."""
    parts = to_latin(names_inside(names)).lazy().with_columns(text=plain_text(pl.col("text")))
    read = split_starts(split_forms(parts.filter(pl.col("text") != "")))
    read = read.with_columns(form=pl.when(pl.col("native_form") != "").then("native_form").otherwise("form"))
    found = _cores(read).collect().with_columns(several=pl.col("row").is_duplicated())
    several = found.filter("several").sort("row", "place", maintain_order=True)
    several = several.unique(["row", "core"], keep="first", maintain_order=True)
    at = pl.int_range(pl.len(), dtype=pl.Int64).over("row")
    several = several.with_columns(variant=at + pl.when(pl.col("place") > KNOWN).then(BESIDE).otherwise(0))
    single = found.filter(~pl.col("several")).with_columns(variant=pl.lit(0, pl.Int64))
    return pl.concat([single.select(_COLUMNS), several.select(_COLUMNS)])


def _cores(read: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``core`` and ``squeezed`` of ``text``; what is no name is gone."""
    padded = pl.concat_str(pl.lit(" "), "text", pl.lit(" "))
    # Two words in a row share the space between them, and only one of them is seen at a time: hence twice.
    core = padded.str.replace_many(_respelling()).str.replace_many(_respelling()).str.strip_chars(" ")
    squeezed = pl.col("text").str.replace_all(" ", "", literal=True)
    named = read.filter(pl.col("text") != "").with_columns(core=core, squeezed=squeezed)
    return named.filter(~pl.col("squeezed").is_in(nobody()))


@cache
def _respelling() -> dict[str, str]:
    return {f" {short} ": f" {word} " for short, word in spellings().items()}
