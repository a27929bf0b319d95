"""What a column holds, told by its cells alone: websites, countries, companies, where its heading says nothing.

The one thing to know: it would rather say nothing. Numbers, dates and words of any kind may be anything, so that they
are nothing here; what is told from others by its form is told if nine in ten cells have it.
"""

from __future__ import annotations

import gettext
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Final

import polars as pl

from connectors.files import values

#: So few cells prove nothing, and more than so many say nothing new.
LEAST_CELLS: Final = 3
_SAMPLE: Final = 1_000
_MOST: Final = 0.9
#: Only some companies bear their legal form.
_SOME: Final = 0.3
_FEW: Final = 20

_HOST: Final = re.compile(r"(?i)(?:https?://)?(?:www\.)?((?:[\w-]+\.)+([a-z]{2,24}))(?::\d+)?(?:[/?#]\S*)?")
#: Endings that are no country's: a name such as "j.smith" is no website.
_GENERIC_ENDINGS: Final = (
    "com net org info biz edu gov mil int io co ai app dev cloud tech online shop store group global company solutions "
    "systems software digital agency consulting services energy health bank law legal media studio design berlin paris "
    "london swiss cat asia jobs travel museum coop aero name mobi xyz site world today life network partners capital "
    "finance ventures engineering works industries international academy education university tools ltd gmbh inc "
    "llc"
)
_EMAIL: Final = re.compile(r"[^\s@,;<>\"]+@((?:[\w-]+\.)+[a-z]{2,24})", re.IGNORECASE)
_PHONE: Final = re.compile(r"(?:\+|00|\(|0\d)[\d\s()/.-]{5,20}(?:(?:ext\.?|x)\s?\d+)?", re.IGNORECASE)
#: Postcodes with letters: of Great Britain, Canada, the Netherlands; and any with its country in front.
_POSTCODE: Final = re.compile(
    r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} ?[A-Z]{2}|"
    r"(?:D|DE|A|AT|CH|F|FR|B|BE|L|LU|NL|I|IT|E|ES|P|PT|DK|S|SE|FI|PL|CZ|H|HU)-\d{4,5}",
    re.IGNORECASE,
)
_RANGE: Final = re.compile(r"[\d.,' ]+ ?(?:-|–|—|to|bis) ?[\d.,' ]+|[\d.,' ]+\+", re.IGNORECASE)
_SALESFORCE_ID: Final = re.compile(r"001[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?")
_NUMBER: Final = re.compile(r"[-+€$£ ]*\d[\d.,' ]*[€$£% ]*(?:[A-Z]{3})?")
#: Without dots, slashes and spaces.
_LEGAL_FORMS: Final = (
    "gmbh mbh ag kg kgaa ohg ug ev eg se inc incorporated corp corporation co company llc llp lp ltd limited plc pty "
    "sa sas sarl sl slu spa srl bv nv ab as aps oy oyj asa spzoo sro kft zrt pvt gesellschaft holding holdings group kk"
)
_STATES: Final = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA "
    "RI SC SD TN TX UT VT VA WA WV WI WY DC"
)
_COUNTRIES_BESIDE: Final = (
    "usa, u.s., u.s.a., united states of america, uk, great britain, england, scotland, south korea, russia, czech "
    "republic, deutschland, österreich, schweiz, frankreich, españa, italia, holland, turkey, vietnam, taiwan, uae, prc"
)
_GENERIC: Final = frozenset(_GENERIC_ENDINGS.split())
_US_STATES: Final = frozenset(_STATES.split())
_FORMS_OF_LAW: Final = frozenset(_LEGAL_FORMS.split())


def sample(texts: pl.Series) -> list[str]:
    """Return some of the filled cells of a column, trimmed, from all over it."""
    filled = texts.drop_nulls()
    return [cell for text in filled.gather_every(max(1, filled.len() // _SAMPLE)) if (cell := str(text).strip())]


def kind_of(cells: Sequence[str]) -> str | None:
    """Return what *cells* are plainly, one of `FORMS` or ``name``; None if they may be anything."""
    if len(cells) < LEAST_CELLS:
        return None
    for kind, has_form in FORMS.items():
        if sum(map(has_form, cells)) >= _MOST * len(cells) and _holds(kind, cells):
            return kind
    different = len(set(cells)) >= 0.8 * len(cells)
    return "name" if different and sum(map(is_company, cells)) >= _SOME * len(cells) else None


def column_of(kind: str | None, cells: Sequence[str]) -> str | None:
    """Return which of our columns *cells* of *kind* may be taken for.

    E-mail addresses are those of a partner's own people if they are of one company; else they are of contacts, and of
    no column of ours.
    """
    if kind != "email":
        return kind
    (_, most), *_ = Counter(found[1].lower() for cell in cells if (found := _EMAIL.fullmatch(cell))).most_common(1)
    return "owner_email" if most >= 0.8 * len(cells) and len(cells) >= LEAST_CELLS else None


def column_like(cells: Sequence[str]) -> str | None:
    """Return which of our columns holds such *cells* and no other; None if nothing tells."""
    return column_of(kind_of(cells), cells)


def contradiction(column: str, cells: Sequence[str]) -> str | None:
    """Return what *cells* plainly are (``numbers``) where no column of ours by that name holds such; else None."""
    if len(cells) < LEAST_CELLS:
        return None
    for what, is_one in _NEVER.get(column, {}).items():
        if sum(map(is_one, cells)) >= _MOST * len(cells):
            return what
    return None


def is_website(cell: str) -> bool:
    """Whether *cell* is a host or a web address, and no e-mail address."""
    found = _HOST.fullmatch(cell)
    return found is not None and (len(found[2]) == 2 or found[2].lower() in _GENERIC)


def is_country(cell: str) -> bool:
    """Whether *cell* is a country's code or its name in English, German, French, Spanish or Italian."""
    return cell.casefold() in _countries()


def is_company(cell: str) -> bool:
    """Whether *cell* ends in a legal form, and has more to say."""
    words = re.sub(r"[./,]|\([^)]*\)$", "", cell.casefold()).split()
    return any("".join(words[-count:]) in _FORMS_OF_LAW for count in range(1, min(len(words), 5)))


def is_number(cell: str) -> bool:
    """Whether *cell* is a number or an amount and nothing else."""
    return _NUMBER.fullmatch(cell) is not None


def _is_day(cell: str) -> bool:
    return not cell.isdigit() and values.day(cell) is not None


def _is_status(cell: str) -> bool:
    return values.population(cell, {}) is not None


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda cell: pattern.fullmatch(cell) is not None


#: What a cell must be like, by kind; the first kind that fits is it. All but ``email`` are columns of ours.
FORMS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "email": _matches(_EMAIL),
        "id": _matches(_SALESFORCE_ID),
        "website": is_website,
        "population": _is_status,
        "country": is_country,
        "postcode": _matches(_POSTCODE),
        "phone": lambda cell: _PHONE.fullmatch(cell) is not None and not _is_day(cell),
        "headcount": lambda cell: _RANGE.fullmatch(cell) is not None and values.headcount(cell) is not None,
    }
)
_NEVER: Final[Mapping[str, Mapping[str, Callable[[str], bool]]]] = MappingProxyType(
    {
        "name": {"numbers": is_number, "dates": _is_day, "e-mail addresses": _matches(_EMAIL)},
        "website": {"numbers": is_number, "dates": _is_day},
        "country": {"numbers": is_number, "dates": _is_day, "e-mail addresses": _matches(_EMAIL)},
        "city": {"numbers": is_number, "e-mail addresses": _matches(_EMAIL)},
        "owner_name": {"numbers": is_number},
        "owner_email": {"numbers": is_number},
    }
)


def _holds(kind: str, cells: Sequence[str]) -> bool:
    """Whether cells that have the form of *kind* are of it all together."""
    if kind == "website":  # profiles on one site are no websites of companies
        hosts = Counter(found[1].lower() for cell in cells if (found := _HOST.fullmatch(cell)))
        return hosts.most_common(1)[0][1] <= 0.5 * len(cells)
    if kind == "population":
        meanings = {values.population(cell, {}) for cell in cells} - {None}
        return len(meanings) > 1 and len(set(cells)) <= _FEW
    if kind == "headcount":  # ranges come again and again; 555-1234 is a phone number
        return len(set(cells)) <= min(_FEW, len(cells) - 1)
    if kind == "country":  # CA, DE, IN: states as well as countries
        return not all(cell.upper() in _US_STATES for cell in cells)
    return True


@cache
def _countries() -> frozenset[str]:
    import pycountry  # most lists name their columns, and need no table of countries

    known = {name.strip() for name in _COUNTRIES_BESIDE.split(",")}
    translations = [
        gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language], fallback=True).gettext
        for language in ("en", "de", "fr", "es", "it")
    ]
    for country in pycountry.countries:
        known |= {country.alpha_2.casefold(), country.alpha_3.casefold()}
        names = [str(getattr(country, name, country.name)) for name in ("name", "common_name", "official_name")]
        known |= {translate(name).casefold() for name in names for translate in translations}
    return frozenset(known)
