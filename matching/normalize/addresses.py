"""Give postcodes and streets one spelling each.

A postcode is text: its zeros count, and a spreadsheet has often lost them. A street is kept as one squeezed text, so
that a company's name can be looked for in it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import polars as pl
from anyascii import anyascii

if TYPE_CHECKING:
    from collections.abc import Callable

#: Countries where the last three signs of a postcode name a street, all before them a town or district.
_INWARD_PART: Final = ("GB", "CA")
#: Countries whose postcodes have five digits, some with a zero in front.
_FIVE_DIGITS: Final = ("US", "PR", "DE", "FR", "ES", "IT", "FI", "MX", "TR", "KR", "UA", "MY", "TH")
#: A postcode that only a space keeps from being as it should: five or six digits, or the form of Britain or Canada.
_TIDY: Final = r"^(?:[1-9]\d{4,5}|0[1-9]\d{3}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)$"

#: Words of which a street with a suite or floor has one.
_INSIDE_MARKS: Final = [
    *("suite", " ste", "floor", " fl", "level", "room", " rm", "#", "etage", "stock", " og", "piso", "planta")
]
#: Where in a building: "Suite 500", "3rd Floor", "#12", "2. Stock". A unit or house of an estate is kept.
_INSIDE: Final = (
    r"\b(?:suites?|ste|floor|fl|level|room|rm|etage|stock|og|piso|planta)\b\.?\s*(?:no\.?\s*|#\s*)?\d+\w?\b"
    r"|\bsuite\s+[a-z]\b|#\s*\d+\w?\b"
    r"|\b(?:\d+(?:st|nd|rd|th|e|er|eme|ème|º|ª|\.)?|first|second|third|fourth|fifth|ground|top)"
    r"\s*(?:floor|fl|etage|étage|stock|og|piso|planta)\b\.?"
)
#: Words of streets, longest first; with a space where they end a name, so that Broadway keeps its road.
_STREET_WORDS: Final = {
    " boulevard": "blvd",
    "boulevard": "blvd",
    " parkway": "pkwy",
    " highway": "hwy",
    "strasse": "str",
    " terrace": "ter",
    " street": "st",
    " square": "sq",
    " avenue": "av",
    "avenida": "av",
    "straße": "str",
    "avenue": "av",
    " drive": "dr",
    " place": "pl",
    " court": "ct",
    " road": "rd",
    " lane": "ln",
    " ave": "av",
}


def postcodes(values: pl.Series, country: pl.Series) -> pl.Series:
    """Return *values* in capitals without spaces and signs, null if they hold no postcode.

    *country* is the alpha-2 code of each. A ZIP+4 loses its last four digits (they name a block, the five a post
    office), "D-80331" its letters; zeros that a spreadsheet took ("2139", "1067", "80331.0") come back.
    """
    if values.null_count() == len(values):
        return values.alias("postcode")
    frame = pl.DataFrame({"country": country, "text": values})
    is_odd = frame.select(~pl.col("text").str.contains(_TIDY)).to_series().fill_null(False)
    squeezed = frame.select(pl.col("text").str.replace_all(" ", "", literal=True)).to_series()
    return _replaced(squeezed, is_odd, lambda _: _tidied(frame.filter(is_odd))).alias("postcode")


def outward(postcode: pl.Series, country: pl.Series) -> pl.Series:
    """Return the part of each tidy postcode that names a town or district: in most countries the first three signs."""
    if postcode.null_count() == len(postcode):
        return postcode.alias("outward")
    frame = pl.DataFrame({"postcode": postcode, "country": country})
    length = pl.col("postcode").str.len_bytes()
    inward = pl.col("country").is_in(_INWARD_PART) & (length > 4)
    part = pl.col("postcode").str.head(pl.when(inward).then(length - 3).otherwise(3))
    return frame.select(outward=part).to_series()


def streets(values: pl.Series) -> pl.Series:
    """Return *values* in lower-case ASCII letters and digits, street words short, suite and floor gone.

    Other scripts stay as they are. Null if nothing is left.
    """
    if values.null_count() == len(values):
        return values.alias("street")
    frame = values.alias("street").to_frame().select(pl.col("street").str.to_lowercase())
    is_inside = frame.select(pl.col("street").str.contains_any(_INSIDE_MARKS)).to_series().fill_null(False)
    outside = _replaced(frame["street"], is_inside, lambda street: street.str.replace_all(_INSIDE, ""))
    words = _spellings()
    squeezed = outside.to_frame("street").select(
        pl.col("street").str.replace_many(list(words), list(words.values()), leftmost=True)
    )
    return squeezed.select(pl.when(pl.col("street") != "").then("street")).to_series()


def _tidied(frame: pl.DataFrame) -> pl.Series:
    """Return the postcodes of *frame* (``country``, ``text``) that take more than capitals."""
    text = pl.col("text").str.to_uppercase().str.replace(r"\.0+\s*$", "").str.replace_all(r"[^A-Z0-9]", "")
    # "D80331", "CH8001", "NL1234AB": the letters of the country. Elsewhere letters before four digits do not occur.
    text = text.str.replace(r"^[A-Z]{1,3}(\d{4,6})$", "$1").str.replace(r"^NL(\d{4}[A-Z]{2})$", "$1")
    frame = frame.with_columns(text=text)
    digits = pl.col("text").str.contains(r"^\d{3,9}$")
    is_zip = digits & pl.col("country").is_in(["US", "PR"])
    is_long = is_zip & (pl.col("text").str.len_bytes() > 6)
    is_short = digits & pl.col("country").is_in(_FIVE_DIGITS) & (pl.col("text").str.len_bytes() < 5)
    nine = digits & (pl.col("text").str.len_bytes() == 9)
    text = (
        pl.when(is_long | nine)
        .then(pl.col("text").str.zfill(9).str.head(5))
        .when(is_short)
        .then(pl.col("text").str.zfill(5))
        .otherwise("text")
    )
    frame = frame.select(text=text)
    is_postcode = (pl.col("text").str.len_bytes() >= 3) & pl.col("text").str.contains("[1-9]")
    return frame.select(pl.when(is_postcode).then("text")).to_series()


def _replaced(values: pl.Series, mask: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Return *values*, those of *mask* as *read* has them; it is asked about these only."""
    return values.clone().scatter(mask.arg_true(), read(values.filter(mask))) if mask.any() else values


@cache
def _spellings() -> dict[str, str]:
    """Return what is replaced in a street: words, accents, and every sign by nothing."""
    signs = [chr(code) for code in range(0x80) if not chr(code).isalnum()] + list("–—‘’‚“”„´°ºª·…\u00a0，。、")
    latin = [chr(code) for code in range(0xDF, 0x250) if chr(code).islower()]
    return _STREET_WORDS | dict.fromkeys(signs, "") | {letter: anyascii(letter).lower() for letter in latin}
