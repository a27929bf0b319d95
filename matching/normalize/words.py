"""Words of company names and what they are worth, from ``words.toml``.

Every list is given in the one spelling that words are compared in: "labs" is asked for as "laboratory".
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from matching.normalize.places import country_words


@cache
def vocabulary() -> dict[str, Any]:
    """Return the tables of ``words.toml``: spellings, generic, common, nobody, units."""
    return table("words")


@cache
def spellings() -> dict[str, str]:
    """Return abbreviation or other spelling of a word to the one that is compared."""
    return {short: word for word, shorts in vocabulary()["spellings"].items() for short in shorts}


@cache
def generic_words() -> frozenset[str]:
    """Return the words that say little about which company it is, in their one spelling."""
    words = vocabulary()["generic"]["words"].split()
    return frozenset(spellings().get(word, word) for word in words) | region_words()


@cache
def common_words() -> frozenset[str]:
    """Return the words that, as a company's only word, do not say which company it is."""
    return generic_words() | {word for kind in vocabulary()["common"].values() for word in kind.split()}


@cache
def region_words() -> frozenset[str]:
    """Return the words that name a country or region: after a brand, they name a unit of the company."""
    return country_words() | frozenset(vocabulary()["units"]["regions"].split())


@cache
def unit_words() -> frozenset[str]:
    """Return the words that, beside a brand, name a part of the company: regions and divisions."""
    divisions = vocabulary()["units"]["divisions"].split()
    return region_words() | {spellings().get(word, word) for word in divisions}


@cache
def nobody() -> frozenset[str]:
    """Return what people write for a name where they have none, without spaces: "confidential", "selfemployed"."""
    return frozenset(vocabulary()["nobody"]["names"].split())


@cache
def table(name: str) -> dict[str, Any]:
    """Return what the file *name*.toml beside this one says."""
    return tomllib.loads(files("matching.normalize").joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def either(words: Iterable[str]) -> str:
    """Return a pattern of *words*, the longest first, so that it is greedy."""
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


def changed(texts: pl.Series, those: pl.Series, change: pl.Expr) -> pl.Series:
    """Return *texts* with *change*, of a column ``text``, made to *those* of them only: most need no change."""
    if not those.any():
        return texts
    return texts.clone().scatter(those.arg_true(), texts.filter(those).to_frame("text").select(change).to_series())
