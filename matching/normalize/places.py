"""Give countries, states and cities one spelling each, and postcodes and streets theirs (`addresses`).

What is not known stays unknown (null): a wrong country would count against a true pair. Every distinct value is read
once, so that millions of rows cost little more than thousands.
"""

from __future__ import annotations

import gettext
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import polars as pl
import pycountry
from anyascii import anyascii

from matching.normalize import addresses

#: Languages of pycountry's translations in which a country's name is understood.
_LANGUAGES: Final = (
    *("de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb_NO", "fi", "cs", "hu", "tr", "ru", "uk", "el", "ro"),
    *("hr", "ja", "zh_CN", "zh_TW", "ko", "ar", "he"),
)
#: Countries whose states are all known, in full and as a code: what is none of them is no state.
_STATE_COUNTRIES: Final = ("US", "CA", "AU", "DE", "AT", "CH", "IN", "BR", "MX", "CN", "IT", "ES", "FR")
#: Countries whose states are looked for where no country is given.
_ASSUMED: Final = ("US", "CA", "AU")
#: More than there are spellings of a country.
_MANY: Final = 2**32
#: What people say around a state or a city, and leave out as often.
_AROUND_STATE: Final = (
    r"^(?:(?:free )?state|province|provincia|region|estado|canton|kanton|land|freistaat) (?:of |de |di |du |do )?"
    r"|(?: province| state| region| prefecture| county| canton| sheng| shi| zizhiqu)$"
)
_AROUND_CITY: Final = (
    r"^(?:city of|town of|greater|metro|metropolitan|ville de|ciudad de|stadt|landeshauptstadt|hansestadt) "
    r"|(?: metropolitan| metro| area| cbd| cedex| city cent(?:re|er))+$"
)


def add_places(side: pl.DataFrame) -> pl.DataFrame:
    """Replace ``country``, ``state``, ``city``, ``postcode``, ``street`` by what can be compared; add ``outward``.

    All are text. With a column ``book``, each book's habits of writing a country are judged apart.
    """
    written, place = _numbered(side["country"])
    country, state = _states_apart(side, written, country_codes(written).gather(place))
    state, country = _states(state, country)
    cities, place = _numbered(side["city"])
    postcode = addresses.postcodes(side["postcode"], country)
    return side.with_columns(
        country=country,
        state=state,
        city=city_names(cities).gather(place),
        postcode=postcode,
        street=addresses.streets(side["street"]),
        outward=addresses.outward(postcode, country),
    )


def country_codes(texts: pl.Series) -> pl.Series:
    """Return the ISO 3166 alpha-2 code of each country as people write it, null if it is none that we know."""
    # "Germany (DE)", "DE - Germany", "Germany, Europe": a part is read only where the whole says nothing.
    part = texts.str.replace(r"^[A-Za-z]{2,3}\s+[-–:|/]\s+", "").str.replace(r"\s*[,(\[/|].*$", "")
    codes = []
    for plain in (_plain(texts), _plain(part)):
        codes.append(_looked_up(plain, _country_names()))
        if pl.select(pl.coalesce(codes)).to_series().has_nulls():  # the translations take a moment to read
            codes.append(_looked_up(plain, _translated_names()))
    return pl.select(pl.coalesce(codes)).to_series().alias("country")


def state_codes(states: pl.DataFrame) -> pl.DataFrame:
    """Return *states* (``state``, ``country``) with ``code`` and ``implied``, in no order.

    ``code`` is short where a country's states are known, else the plain spelling. ``implied`` is the country of a state
    without one, if no other country has a state or province of that name: "Texas" is one, "Georgia" and "CA" are not.
    """
    plain = _plain(states["state"])
    short = plain.str.replace_all(_AROUND_STATE, "")
    states = states.with_columns(plain=plain, short=pl.when(short != "").then(short).otherwise(plain))
    table = _state_table()
    for key in ("plain", "short"):
        found = table.rename({"name": key, "code": f"{key}_code", "implied": f"{key}_implied"})
        states = states.join(found, on=["country", key], how="left", nulls_equal=True)
    code = pl.coalesce("plain_code", "short_code")
    # England, as a state, says no more than the country does.
    code = (
        pl.when(pl.col("country").is_in(_STATE_COUNTRIES) | (code == ""))
        .then(code)
        .otherwise(pl.coalesce(code, "short"))
    )
    implied = pl.coalesce("plain_implied", "short_implied")
    states = states.with_columns(code=pl.when(code != "").then(code), implied=implied)
    return states.drop("plain", "short", "plain_code", "short_code", "plain_implied", "short_implied")


def city_names(texts: pl.Series) -> pl.Series:
    """Return each city in plain letters and one spelling: Munich for München; null if nothing is left."""
    # "Paris (Île-de-France)", "Portland, OR", "Frankfurt/Main", "Paris - La Défense": the city comes first.
    main = _plain(texts.str.replace(r"\s*[,(\[/;].*$|\s+[-–]\s.*$", ""))
    # "Dublin 2", "Lyon 3e", "Paris Cedex 09"
    plain = main.str.replace_all(r" \d+\w{0,2}\b", "").str.replace_all(_AROUND_CITY, "")
    plain = (
        plain.str.replace(r"^(?:st|sankt|sint) ", "saint ").str.replace(r"^mt ", "mount ").str.replace(r"^ft ", "fort ")
    )
    named = plain.replace(_aliases("cities"))
    return pl.select(pl.when(named != "").then(named)).to_series().alias("city")


@cache
def country_words() -> frozenset[str]:
    """Return the single words that name a country, in lower-case ASCII."""
    names = _plain(pl.Series([country.name for country in pycountry.countries]))
    return frozenset(name for name in (*names, *_aliases("countries")) if " " not in name and len(name) > 3)


def _states_apart(side: pl.DataFrame, written: pl.Series, country: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return *country* and the states of *side*, with those that people wrote into its country.

    "NY" and "Ontario" can only be states. "CA" and "IL" are states too in a book that writes "NY" and "TX" there; in
    one that writes "GB" and "FR" beside them, they are unknown.
    """
    plain = _plain(written)
    surely = written.filter(plain.is_in(sorted(_states_as_countries())))
    if surely.is_empty():
        return country, side["state"]
    codes = {name for name in _state_names("US") if len(name) == 2}
    countries = {listed.alpha_2.lower() for listed in pycountry.countries} - {"us"}
    is_maybe, is_surely, is_foreign = (
        pl.col("country").is_in(written.filter(plain.is_in(sorted(names))).implode())
        for names in (codes & countries, codes - countries, countries - codes)
    )
    book = pl.col("book") if "book" in side.columns else pl.lit("").alias("book")
    counted = side.group_by(book).agg(maybe=is_maybe.sum(), surely=is_surely.sum(), foreign=is_foreign.sum())
    # About half of all US companies sit in states whose codes are no country's.
    counted = counted.filter(pl.col("surely") * 5 >= pl.col("maybe"), pl.col("surely") > 0)
    is_state = is_maybe & book.is_in(counted.filter(pl.col("foreign") * 5 <= pl.col("surely"))["book"].implode())
    is_unsure = is_maybe & ~is_state & book.is_in(counted["book"].implode())
    is_state, is_unsure = is_state.fill_null(False), is_unsure.fill_null(False)
    apart = side.select(
        country=pl.when(is_state).then(pl.lit("US")).when(~is_unsure).then(country),
        state=pl.coalesce("state", pl.when(is_state | pl.col("country").is_in(surely.implode())).then("country")),
    )
    return apart["country"], apart["state"]


def _states(state: pl.Series, country: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the code of each row's state, and its country, which the state may imply: see `state_codes`."""
    states, state_place = _numbered(state)
    countries, country_place = _numbered(country)
    # One number per pair, so that millions of rows are looked up by numbers; no country is the number after all others.
    rows = pl.DataFrame({"state": state_place, "country": country_place.fill_null(len(countries))})
    pair = rows.select(pl.col("state").cast(pl.UInt64) * _MANY + pl.col("country")).to_series()
    pairs = pair.unique().drop_nulls()
    beside = countries.extend_constant(None, 1).gather(pairs % _MANY)
    known = state_codes(pl.DataFrame({"pair": pairs, "state": states.gather(pairs // _MANY), "country": beside}))
    said = known.drop_nulls("implied")
    if len(said):
        lost = country.is_null().arg_true()
        implied = pair.gather(lost).replace_strict(said["pair"], said["implied"], default=None, return_dtype=pl.String)
        country = country.clone().scatter(lost, implied)
    return pair.replace_strict(known["pair"], known["code"], default=None, return_dtype=pl.String), country


def _numbered(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the distinct of *values* in no order, and the place of each row's among them, null for null."""
    kinds = values.cast(pl.Categorical)
    distinct = kinds.unique().drop_nulls()
    number = distinct.to_physical().to_numpy()
    places = np.zeros(number.max(initial=0) + 1, dtype=np.uint32)
    places[number] = np.arange(len(number))
    return distinct.cast(pl.String), pl.Series(places).gather(kinds.to_physical())


def _plain(texts: pl.Series) -> pl.Series:
    """Return *texts* in lower-case ASCII, words apart by one space, dots and apostrophes gone."""
    foreign = texts.filter(texts.str.contains(r"[^\x00-\x7f]").fill_null(False)).unique()
    latin = pl.Series([anyascii(text) for text in foreign], dtype=pl.String)
    texts = texts.replace(foreign, latin) if foreign.len() else texts
    return texts.str.to_lowercase().str.replace_all(r"[.'`]", "").str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars()


def _plain_text(text: str) -> str:
    return str(_plain(pl.Series([text], dtype=pl.String))[0])


def _looked_up(plain: pl.Series, names: dict[str, str]) -> pl.Series:
    # Lists say a few dozen of those thousands, and only what is handed over costs.
    said = {text: names[text] for text in plain.unique() if text in names}
    return plain.replace_strict(said, default=None, return_dtype=pl.String)


@cache
def _country_names() -> dict[str, str]:
    """Return name or code, in plain letters, to alpha-2 code; a state counts as its country, see `_states_apart`."""
    return _states_as_countries() | _own_names()


@cache
def _own_names() -> dict[str, str]:
    """Return what countries are called in English or as a code, in plain letters, to alpha-2 code."""
    fields = ("alpha_2", "alpha_3", "name", "official_name", "common_name")
    listed = [(c.alpha_2, getattr(c, field)) for c in pycountry.countries for field in fields if hasattr(c, field)]
    plain = _plain(pl.Series([name for _, name in listed]))
    names = dict(zip(plain, (code for code, _ in listed), strict=True)) | _aliases("countries")
    # "n.a." is not Namibia, and in Latin letters "مصر" (Egypt) is the code of Montserrat.
    return {name: code for name, code in names.items() if name not in ("na", "msr")}


@cache
def _states_as_countries() -> dict[str, str]:
    """Return names and codes of states in the US and Canada that no country is called, to their country."""
    names = {name: country for country in ("CA", "US") for name in _state_names(country)}
    return {name: country for name, country in names.items() if name not in _own_names()}


@cache
def _translated_names() -> dict[str, str]:
    """Return the names of countries in other languages, in plain letters, to alpha-2 code; no name means two."""
    listed = set()
    for language in _LANGUAGES:
        translated = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, [language]).gettext
        for country in pycountry.countries:
            names = {country.name, getattr(country, "common_name", country.name)}
            listed |= {(translated(name), country.alpha_2) for name in names}
    rows = pl.DataFrame(sorted(listed), schema=["name", "code"], orient="row")
    rows = rows.with_columns(_plain(rows["name"]).alias("name")).unique()
    # What is as short as a code could be one.
    rows = rows.filter(pl.col("code").n_unique().over("name") == 1, pl.col("name").str.len_bytes() > 3)
    return dict(rows.iter_rows())


@cache
def _tables() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("matching.normalize").joinpath("places.toml").read_text(encoding="utf-8"))


@cache
def _aliases(table: str) -> dict[str, str]:
    """Return spelling, in plain letters, to key of one table of ``places.toml``."""
    pairs = [(spelling, key) for key, spellings in _tables()[table].items() for spelling in spellings]
    return dict(zip(_plain(pl.Series([spelling for spelling, _ in pairs])), (key for _, key in pairs), strict=True))


@cache
def _state_names(country: str) -> dict[str, str]:
    """Return name or code, in plain letters, to the code of the state that it is or lies in."""
    listed: Any = pycountry.subdivisions  # its `get` has no types
    by_code = {division.code: division for division in listed.get(country_code=country)}
    names, codes = {}, {}
    for division in sorted(by_code.values(), key=lambda division: (division.parent_code is None, division.code)):
        top = division
        while top.parent_code is not None:
            top = by_code[top.parent_code]
        code = top.code.partition("-")[2]
        codes[division.code.partition("-")[2].lower()] = code
        # "Catalunya [Cataluña]", "Navarra, Comunidad Foral de / Nafarroako Foru Komunitatea"
        for name in division.name.replace("[", "/").replace("]", "").split("/"):
            names[name] = names[name.partition(",")[0]] = code
    plain = dict(zip(_plain(pl.Series(list(names))), names.values(), strict=True))
    plain |= {name.removesuffix(kind): code for name, code in plain.items() for kind in (" sheng", " shi", " zizhiqu")}
    own = {spelling: key for key, spellings in _tables()["states"].get(country, {}).items() for spelling in spellings}
    return codes | plain | own


@cache
def _state_table() -> pl.DataFrame:
    """Return ``country``, ``name`` (or code, in plain letters), ``code`` and ``implied``, see `state_codes`."""
    rows = [(country, name, code, None) for country in _STATE_COUNTRIES for name, code in _state_names(country).items()]
    # Counties are written as often as nations, and stay as they are: only the smaller nations have codes.
    rows += [("GB", name, code, None) for name, code in _tables()["nations"].items()]
    everywhere = _plain(pl.Series([division.name for division in pycountry.subdivisions])).value_counts()
    countries = _plain(pl.Series([country.name for country in pycountry.countries]))
    once = set(everywhere.filter(pl.col("count") == 1).to_series()) - set(countries)
    assumed: dict[str, tuple[None, str, str, str | None]] = {}
    for country in reversed(_ASSUMED):
        for name, code in _state_names(country).items():
            assumed[name] = (None, name, code, country if name in once else None)
    schema = {"country": pl.String, "name": pl.String, "code": pl.String, "implied": pl.String}
    for name in ("england", "scotland", "wales", "northern ireland"):
        assumed[name] = (None, name, _tables()["nations"][name], "GB")
    return pl.DataFrame([*rows, *assumed.values()], schema=schema, orient="row")
