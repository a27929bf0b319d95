"""Cut from a name what is said about the account or the share, not about the company.

"Acme - DO NOT USE", "zzz_Acme", "Acme (HQ)", "Acme #2" come out of CRMs, "NIKE INC. B", "ALIBABA GRP SP.ADR/8" and
"SAP SE O.N." out of lists of securities. A name that is nothing but a note is left as it is.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from matching.normalize.words import either, table


def without_notes(text: pl.Expr) -> pl.Expr:
    """Return *text*, in lower case, without notes and kinds of shares; as it was where nothing else stands in it."""
    told = text.str.replace(_before(), "").str.replace_all(_notes(), " ").str.replace(_shares(), "").str.strip_chars()
    return pl.when(told.str.contains(r"[\p{L}\p{N}]")).then(told).otherwise(text)


def said(*kinds: str) -> str:
    """Return a pattern of the phrases of these *kinds*, the keys of ``notes.toml``."""
    return either(phrase for kind in kinds for phrase in table("notes")[kind])


@cache
def _before() -> str:
    """Return the pattern of notes in front of a name."""
    apart = said("apart", "telling")
    return (
        rf"^\W*(?:zz+|xx+|x|z|(?:{apart})\b)\s*[-–—:*_|]+\s*"
        rf"|^\*+\s*(?:{apart})\b[^*]*\*+\s*"
        r"|^(?:zzz+|xx+)\s+"
        rf"|^\W*(?:{said('telling')})\W+"
    )


@cache
def _notes() -> str:
    """Return the pattern of notes in and behind a name."""
    apart, telling = said("apart", "telling"), said("telling")
    return (
        rf"[(\[{{<*]+\s*(?:{apart})\b[^)\]}}>*]*[)\]}}>*]+"  # "(HQ)", "*** closed ***"
        rf"|[-–—:*_/|,(\[ ]*\b(?:{telling})\b.*$"  # "- DO NOT USE, ask Ann"
        rf"|\s*(?:\s[-–—|/]+|[-–—:*_|]+\s|\*+|_)\s*(?:{apart})\b(?: of \S+| [a-z ]*\d+)?\W*$"  # "- Parent", "_old"
        r"|\s[-–—]+\s*see\s.+$"  # "- see Acme Ltd"
        r"|\s*(?:#\s*\d+|\(\s*\d\s*\))\W*$"  # "#2", "(2)"
        r"|\s+c/o\s.+$"
        r"|\s*\*{2,}[^*]*\*{2,}\s*$"
        r"|\s(?:xx+|zz+)$"
    )


@cache
def _shares() -> str:
    """Return the pattern of what stock exchanges append: "INH O.N.", "SP.ADR/2", "A DL-,001"."""
    par_value = rf"(?:\s(?:{said('classes')}))?[\s.,](?:{said('currencies')})\s?-?[,.]?\d+(?:/\d+)?"
    return rf"(?:[\s.,]+(?:{said('shares')})|{par_value})+[.\s]*$"
