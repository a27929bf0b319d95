"""Give countries, states, cities and postcodes one spelling each.

A country that is not known stays unknown (None): a wrong one would count against a true pair.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

import polars as pl
import pycountry
from anyascii import anyascii

#: Countries whose states people write in full or as a code, as they please.
_STATE_COUNTRIES: Final = ("US", "CA", "AU")
#: A postcode's part that names a town or district: all before the last three for these two, else the first three.
_INWARD_PART: Final = ("GB", "CA")


def country_code(text: str) -> str | None:
    """Return the ISO 3166 alpha-2 code of a country as people write it, None if it is none that we know."""
    plain = _plain_text(text)
    if plain in _aliases("countries"):
        return _aliases("countries")[plain]
    try:
        found: Any = pycountry.countries.lookup(text.strip())  # never search_fuzzy: its "Korea" is North Korea
    except LookupError:
        return None
    return str(found.alpha_2)


def state_code(text: str, country: str | None) -> str | None:
    """Return the state as a short code where *country* is known for codes (US, CA, AU), else its plain spelling."""
    plain = _plain_text(text)
    for candidate in (country,) if country else _STATE_COUNTRIES:
        if candidate in _STATE_COUNTRIES and plain in _state_names(candidate):
            return _state_names(candidate)[plain]
    return plain or None


def city_name(text: str) -> str | None:
    """Return the city in plain letters and one spelling: Munich for München; None if nothing is left."""
    plain = _plain_text(text).removeprefix("city of ").removeprefix("greater ")
    plain = _aliases("cities").get(plain, plain)
    return plain.replace("st ", "saint ", 1) if plain.startswith("st ") else plain or None


@cache
def country_words() -> frozenset[str]:
    """Return the single words that name a country, in lower-case ASCII."""
    names = (_plain_text(country.name) for country in pycountry.countries)
    return frozenset(name for name in (*names, *_aliases("countries")) if " " not in name and len(name) > 3)


def add_places(side: pl.DataFrame) -> pl.DataFrame:
    """Replace ``country``, ``state``, ``city``, ``postcode``, ``street`` by what can be compared; add ``outward``."""
    side = side.with_columns(country=_mapped(side["country"], country_code), city=_mapped(side["city"], city_name))
    states = side.select("state", "country").unique().drop_nulls("state")
    codes = [state_code(state, country) for state, country in states.iter_rows()]
    states = states.with_columns(state_code=pl.Series(codes, dtype=pl.String))
    side = side.join(states, on=["state", "country"], how="left", nulls_equal=True, maintain_order="left")
    postcode = pl.col("postcode").str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    # A US ZIP+4 names a block, the first five digits the same post office.
    postcode = pl.when(postcode.str.contains(r"^\d{9}$")).then(postcode.str.head(5)).otherwise(postcode)
    side = side.with_columns(state="state_code", postcode=pl.when(postcode.str.len_chars() >= 3).then(postcode))
    inward = pl.col("country").is_in(_INWARD_PART) & (pl.col("postcode").str.len_chars() > 4)
    outward = pl.when(inward).then(pl.col("postcode").str.head(-3)).otherwise(pl.col("postcode").str.head(3))
    street = pl.col("street").str.to_lowercase().str.replace_all(r"[^\pL\pN]+", "")
    return side.with_columns(outward=outward, street=street).drop("state_code")


def _mapped(values: pl.Series, read: Any) -> pl.Series:
    """Return *values* read one by one, each distinct value once."""
    distinct = values.drop_nulls().unique()
    known = {value: read(value) for value in distinct}
    return values.replace_strict(list(known), pl.Series(list(known.values()), dtype=pl.String), default=None)


def _plain_text(text: str) -> str:
    words = "".join(
        char if char.isalnum() else " " for char in anyascii(text).lower().replace(".", "").replace("'", "")
    )
    return " ".join(words.split())


@cache
def _aliases(table: str) -> dict[str, str]:
    """Return spelling to key of one table of ``places.toml``."""
    tables = tomllib.loads(files("matching.normalize").joinpath("places.toml").read_text(encoding="utf-8"))
    return {spelling: key for key, spellings in tables[table].items() for spelling in spellings}


@cache
def _state_names(country: str) -> dict[str, str]:
    """Return name or code, in plain letters, to the code of a country's states."""
    every: Any = pycountry.subdivisions  # its `get` has no types
    states = [state for state in every.get(country_code=country) if state.parent_code is None]
    codes = {_plain_text(state.name): state.code.split("-")[1] for state in states}
    return codes | {code.lower(): code for code in codes.values()}
