"""Sort industries as people write them into some twenty sectors.

Weak evidence at best: a company has several lines of business, and whoever fills in the field picks one. What speaks
of two sectors, or of none, is unknown.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl
from anyascii import anyascii


def sector(values: pl.Series) -> pl.Series:
    """Return the sector of each text (a key of ``industries.toml``), null where unsure.

    Read are picklists (``COMPUTER_SOFTWARE``, "Hospital & Health Care"), the words of SIC, NAICS and GICS, and free
    text in English, German, French and Spanish. A bare number is none: several systems use the same ones.
    """
    written = values.alias("value").to_frame().lazy().drop_nulls().unique().collect(engine="streaming").to_series()
    plain = _plain(written)
    named = plain.replace_strict(_texts(), default=None, return_dtype=pl.String)
    spoken = pl.DataFrame({"plain": plain}).select(
        pl.when(pl.col("plain").str.contains(pattern)).then(pl.lit(name)).alias(name) for name, pattern in _patterns()
    )
    # One sector among all, else null; a named text ("") may also be known to be none.
    names = spoken.select(pl.concat_list(pl.all()).list.drop_nulls().alias("names"))
    only = names.select(pl.when(pl.col("names").list.len() == 1).then(pl.col("names").list.first())).to_series()
    read = pl.select(pl.coalesce(named, only)).to_series().replace("", None)
    return values.replace_strict(written, read, default=None, return_dtype=pl.String)


def _plain(texts: pl.Series) -> pl.Series:
    """Return *texts* in lower-case ASCII words, "&" as "and", without numbers."""
    latin = pl.Series([anyascii(text) for text in texts], dtype=pl.String).str.to_lowercase()
    return latin.str.replace_all("&", " and ").str.replace_all(r"[^a-z]+", " ").str.strip_chars()


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files("matching.normalize").joinpath("industries.toml").read_text(encoding="utf-8"))


@cache
def _texts() -> dict[str, str]:
    """Return whole text to sector, "" for none."""
    return {text: name for name, texts in _tables()["texts"].items() for text in texts}


@cache
def _patterns() -> list[tuple[str, str]]:
    """Return sector and pattern of the beginnings of words that speak of it."""
    return [
        (name, r"\b(?:" + "|".join(_pattern(stem) for stem in stems.split()) + ")")
        for name, stems in _tables()["stems"].items()
    ]


def _pattern(stem: str) -> str:
    """Return *stem* as a pattern: "+" parts words, between which an "and" may stand, a dot ends one."""
    return stem.replace(".", r"\b").replace("+", r"\w* (?:and )?")
