"""Cut from a name what is said about the account or the share, not about the company.

"Acme - DO NOT USE", "zzz_Acme", "Acme (HQ)", "Acme #2" come out of CRMs, "NIKE INC. B", "ALIBABA GRP SP.ADR/8" and
"SAP SE O.N." out of lists of securities. A name that is nothing but a note is left as it is.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from matching.normalize.words import changed, either, table


def without_notes(texts: pl.Series) -> pl.Series:
    """Return *texts*, in lower case, without notes and kinds of shares; as it was where nothing else stands in one."""
    text = pl.col("text")
    told = changed(texts, texts.str.contains(_before()), text.str.replace(_before(), ""))
    told = changed(told, told.str.contains(_notes()), text.str.replace_all(_notes(), " "))
    told = changed(told, told.str.contains(_shares()), text.str.replace(_shares(), "")).str.strip_chars()
    told = changed(told, told.str.contains(_SERIES), text.str.replace(_SERIES, "$1")).str.strip_chars(" ,-")
    nothing = ~told.str.contains(r"[\p{L}\p{N}]")
    return told.scatter(nothing.arg_true(), texts.filter(nothing))


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
        r"|\s*(?:#\s*\d{1,2}|\(\s*\d\s*\))\W*$"  # "#2", "(2)"
        r"|\s*\([^()]+,\s*[a-z]{2}\)\W*$"  # "(Chicago, IL)"
        r"|\s+c/o\s.+$"
        r"|\s*\*{2,}[^*]*\*{2,}\s*$"
        r"|\s(?:xx+|zz+)$"
    )


@cache
def _shares() -> str:
    """Return the pattern of what stock exchanges append: "INH O.N.", "SP.ADR/2", "A DL-,001"."""
    currencies = said("currencies")
    par_value = (
        rf"[\s.](?:{currencies})\s?-?\s?[,.]?\d+(?:[,/]\d+)?"
        # With a comma it may be glued to a word that was cut off: "FR.LINEDL-,10".
        rf"|(?:{currencies})\s?-?\s?[,.]\s?\d+|(?:{currencies})\d+,\d+|[\s.]-\s?,\d+"
    )
    return rf"(?:\s(?:{said('classes')}))?(?:[\s.,]+\(?(?:{said('shares')})\)?|{par_value})+[.\s]*$"


#: A series stands behind the form or a word that is cut off: "CLIMEON AB B", "QUELLMARK TECH. SOL.A".
_SERIES: Final = r"(\b(?:ab|oyj|asa|sa|inc|plc|corp|ltd|nv|ag|a/s)[.,]?\s|\b[a-z]{2,}\.)-?[a-h]$"
