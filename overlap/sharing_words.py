"""The words for why a shared row is a match.

Words are found anew from what both sides show: the engine's own would tell of fields that stay here, and of other
accounts. A partner could find them itself.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl

_PLAIN: Final = ("city", "state", "postcode", "country", "industry")


def reason(fields: Collection[str]) -> pl.Expr:
    """Return what is alike in ``their_`` and ``our_`` columns of *fields*; null where there is no row of theirs."""
    said = [_alike(f"same {name}", name, _folded) for name in _PLAIN if name in fields]
    if "name" in fields:
        first = pl.col("our_name").pipe(_first_word) == pl.col("their_name").pipe(_first_word)
        similar = pl.when(first).then(pl.lit("similar name"))
        said.insert(0, pl.coalesce(_alike("same name", "name", _folded), similar))
    if "website" in fields:
        said.insert(0, _alike("same website", "website", _host))
    words = pl.concat_str(*said, separator="; ", ignore_nulls=True) if said else pl.lit("")
    found = pl.when(words == "").then(pl.lit("a match")).otherwise(words)
    return pl.when(pl.col("their_id").is_not_null()).then(found)


def _alike(words: str, field: str, read) -> pl.Expr:  # type: ignore[no-untyped-def]  # a function of expressions
    ours, theirs = read(pl.col(f"our_{field}")), read(pl.col(f"their_{field}"))
    return pl.when((ours == theirs) & (ours != "")).then(pl.lit(words))


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")


def _first_word(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(r"['’]", "").str.extract(r"([\p{L}\p{N}]{3,})")


def _host(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.strip_chars().str.extract(r"^(?:https?://)?(?:www\.)?([^/?#:\s]+)")
