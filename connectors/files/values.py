"""What a partner's cell means: one text in, one value out, None if it cannot be read.

The one thing to know: a value that may mean two things counts as unreadable. 03/04/2025 is March or April, and a wrong
date does more harm than a missing one.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from connectors.files.headings import squashed
from overlap.model import CUSTOMERS, OPEN_OPPORTUNITIES, OTHER, POPULATIONS, PROSPECTS

#: Words that lists use for where a company stands; Salesforce's account types and HubSpot's life cycle among them.
_STATUS_WORDS: Final = {
    CUSTOMERS: (
        "Customer, Customers, Customer - Direct, Customer - Channel, Existing Customer, Current Customer, Active "
        "Customer, Paying Customer, Client, Clients, Evangelist, Closed Won, Won, Kunde, Kunden, Bestandskunde, "
        "Bestehender Kunde, Aktiver Kunde, Gewonnen, Client actif, Cliente, Clientes, Cliente activo"
    ),
    OPEN_OPPORTUNITIES: (
        "Open Opportunities, Open Opportunity, Opportunity, Opportunities, Open Opp, Opp, Open Deal, Deal, "
        "Pipeline, Active Pipeline, Negotiation, In Negotiation, Proposal, In Verhandlung, In Verhandlungen, "
        "Verhandlung, Offene Opportunity, Offene Verkaufschance, Verkaufschance, Offene Chance, Offenes Angebot, "
        "Angebot, Opportunité, En négociation, Oportunidad, En negociación"
    ),
    PROSPECTS: (
        "Prospects, Prospect, Lead, Leads, Marketing Qualified Lead, MQL, Sales Qualified Lead, SQL, Subscriber, "
        "Target, Target Account, Suspect, Potential Customer, Potential Client, Interessent, Interessenten, "
        "Zielkunde, Potenzieller Kunde, Potentieller Kunde, Client potentiel, Cliente potencial, Prospecto"
    ),
    OTHER: (
        "Other, Sonstige, Sonstiges, Andere, Autre, Otro, Partner, Channel Partner / Reseller, Channel Partner, "
        "Reseller, Technology Partner, Installation Partner, Integrator, Competitor, Wettbewerber, Vendor, "
        "Supplier, Lieferant, Investor, Press, Analyst, Former Customer, Ex-Customer, Churned, Lost Customer, "
        "Ehemaliger Kunde, Ex-Kunde, Ancien client"
    ),
}
_POPULATION_OF: Final = {squashed(word): name for name, words in _STATUS_WORDS.items() for word in words.split(", ")}
_OUR_NAMES: Final = {squashed(name): name for name in _STATUS_WORDS}

#: Words that name a population inside a longer name: of a sheet, a file, or somebody's own population.
_NAMING: Final = {
    CUSTOMERS: "customers customer clients client kunden kunde bestandskunden clientes",
    OPEN_OPPORTUNITIES: (
        "opportunities opportunity opps opp pipeline deals deal verkaufschancen opportunités oportunidades"
    ),
    PROSPECTS: "prospects prospect leads lead targets interessenten interessent zielkunden prospectos",
}
_POPULATION_NAMED: Final = {squashed(word): name for name, words in _NAMING.items() for word in words.split()}
#: Beside these, a word says what somebody is not, or is no more.
_DENIALS: Final = "former ex churned lost closed old not non no ehemalige alte anciens vs versus"
_LITERAL: Final = re.compile(r"[\[(]\s*(?:([\"']).*\1\s*,?\s*)?[\])]")
_LITERAL_PART: Final = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")

_COUNT: Final = r"(\d{1,3}(?:[.,'’ ]\d{3})+|\d{1,9})"
_HEADCOUNT: Final = re.compile(
    rf"{_COUNT}(?:\.0{{1,2}})?(?: ?(?:\+|(?:-|–|—|to|bis|à|a) ?{_COUNT}))?(?: [^\W\d]+)?", re.IGNORECASE
)
_TIME: Final = r"(?:[T ][\d:.]+ ?(?:Z|[+-]\d\d:?\d\d)?)?"
_YEAR_FIRST: Final = re.compile(rf"(\d{{4}})(-?)(\d\d)\2(\d\d){_TIME}")
_GERMAN: Final = re.compile(rf"(\d{{1,2}})\. ?(\d{{1,2}})\. ?(\d{{4}}){_TIME}")
_SLASHES: Final = re.compile(rf"(\d{{1,2}})([/-])(\d{{1,2}})\2(\d{{4}}){_TIME}")
_MONTH_NAMES: Final = (
    "jan january januar jänner janvier janv enero ene|feb february februar février févr febrero|mar march märz mrz "
    "mars marzo|apr april avril avr abril abr|may mai mayo|jun june juni juin junio|jul july juli juillet juil "
    "julio|aug august août agosto ago|sep sept september septembre septiembre|oct october oktober okt octobre "
    "octubre|nov november novembre noviembre|dec december dezember dez décembre déc diciembre dic"
)
_MONTHS: Final = {
    name: number for number, names in enumerate(_MONTH_NAMES.split("|"), start=1) for name in names.split()
}
_DAY_MONTH: Final = re.compile(
    rf"(\d{{1,2}})(?:\.|er|st|nd|rd|th)?(?: de)?[ -]([^\W\d_]+)\.?,?(?: de)?[ -](\d{{4}}){_TIME}"
)
_MONTH_DAY: Final = re.compile(rf"([^\W\d_]+)\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}}){_TIME}")
#: Days since 1899-12-30, the way spreadsheets store a date: five digits are 1927 to 2173.
_SERIAL: Final = re.compile(r"(\d{5})(?:\.\d+)?")
_SERIAL_ZERO: Final = date(1899, 12, 30)
_EMAIL: Final = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@.,;<>\"]{2,}")
#: The least that the CRMs take in an e-mail field; see `overlap.fields`.
_EMAIL_CHARACTERS: Final = 80


def literal_parts(text: str) -> tuple[str, ...] | None:
    """Return the texts in *text* if it is a list as programs write one (``["a", "b"]``, ``()``), else None."""
    if not _LITERAL.fullmatch(text):
        return None
    return tuple(re.sub(r"\\(.)", r"\1", one or other) for one, other in _LITERAL_PART.findall(text))


def named_population(name: str, but: Collection[str] = ()) -> str | None:
    """Return the population that a name speaks of: of a sheet ("Open Opps"), a file ("globex_customers_2026-11").

    None where it speaks of none, of two, or of what somebody is not. Words of *but* say nothing: a partner's own name.
    """
    words = [squashed(word) for word in re.findall(r"[^\W\d_]+", name)]
    silent = {squashed(word) for other in but for word in re.findall(r"[^\W\d_]+", other)}
    named = {_POPULATION_NAMED[word] for word in words if word in _POPULATION_NAMED and word not in silent}
    return named.pop() if len(named) == 1 and not set(words).intersection(_DENIALS.split()) else None


def strongest(text: str, own_words: Mapping[str, str], is_name: bool = False) -> str | None:
    """Return the population that a status cell means; of a list of several, the strongest that is known.

    *is_name*: the cell holds names of populations, which people make up ("EMEA Customers").
    """
    found = []
    for part in literal_parts(text) or (text,):
        meant = population(part, own_words)
        found.append(named_population(part) if meant is None and is_name and not own_words else meant)
    return next((name for name in (*POPULATIONS, OTHER) if name in found), None)


def population(text: str, own_words: Mapping[str, str]) -> str | None:
    """Return the population that the status *text* means, one of `overlap.model.POPULATIONS` or Other.

    With *own_words* (the partner's word to population), only these and the names of the populations count; without,
    common English, German, French and Spanish words do.
    """
    if not own_words:
        return _POPULATION_OF.get(squashed(text))
    own = {word.strip().casefold(): name for word, name in own_words.items()}  # not squashed: "A+" is not "A"
    return own.get(text.casefold()) or _OUR_NAMES.get(squashed(text))


def headcount(text: str) -> int | None:
    """Return the number of employees: ``1,234`` and ``1.234`` as 1234, ``51-200`` as its middle, ``10,000+`` as 10000.

    A unit behind it is ignored; a range that runs backwards cannot be read.
    """
    found = _HEADCOUNT.fullmatch(text)
    if not found:
        return None
    least, most = (int(re.sub(r"\D", "", count)) if count else None for count in found.groups())
    if least is None or most is None:
        return least
    return (least + most) // 2 if least <= most else None


def day(text: str, is_day_first: bool | None = None) -> date | None:
    """Return the day: 2025-12-31, 20251231, 31.12.2025, 31 Dec 2025, a spreadsheet's serial, 12/31/2025, 31/12/2025.

    With slashes or hyphens and the year last, day and month must be told apart by one being over 12, or by
    *is_day_first* (`day_order`). A time of day behind the date is cut off.
    """
    if found := _YEAR_FIRST.fullmatch(text):
        return _date(found[1], found[3], found[4])
    if found := _GERMAN.fullmatch(text):
        return _date(found[3], found[2], found[1])
    if found := _SLASHES.fullmatch(text):
        first, second = found[1], found[3]
        readings = {_date(found[4], first, second), _date(found[4], second, first)} - {None}
        if len(readings) == 2 and is_day_first is not None:
            return _date(found[4], second, first) if is_day_first else _date(found[4], first, second)
        return readings.pop() if len(readings) == 1 else None
    if found := _DAY_MONTH.fullmatch(text):
        return _named_month(found[3], found[2], found[1])
    if found := _MONTH_DAY.fullmatch(text):
        return _named_month(found[3], found[1], found[2])
    if found := _SERIAL.fullmatch(text):
        return _SERIAL_ZERO + timedelta(days=int(found[1]))
    return None


def day_order(texts: Iterable[str]) -> bool | None:
    """Return whether a column writes the day before the month where its form does not say so; None if nothing tells.

    31/12/2025 tells, and 12/31/2025; a column that has both tells nothing.
    """
    orders = set()
    for text in texts:
        if found := _SLASHES.fullmatch(text):
            first, second = int(found[1]), int(found[3])
            if (first > 12) != (second > 12):
                orders.add(first > 12)
    return orders.pop() if len(orders) == 1 else None


def email(text: str) -> str | None:
    """Return the e-mail address if *text* is one that the CRMs take, at most 80 characters."""
    address = text.removeprefix("mailto:")
    return address if _EMAIL.fullmatch(address) and len(address) <= _EMAIL_CHARACTERS else None


def derived_id(name: str, website: str | None, country: str | None) -> str:
    """Return an id for a company that its list gives none: ``h-`` and 16 hex digits of SHA-256.

    It depends on name, website and country alone, and not on their case, nor on how the website is written.
    """
    host = re.sub(r"^([a-z]+://)?(www\.)?", "", (website or "").lower())
    name = unicodedata.normalize("NFKC", name).casefold()
    facts = "|".join((name, re.split(r"[/?#:]", host)[0], (country or "").casefold()))
    return "h-" + hashlib.sha256(facts.encode()).hexdigest()[:16]


def _named_month(year: str, month: str, day_of_month: str) -> date | None:
    number = _MONTHS.get(month.casefold())
    return _date(year, str(number), day_of_month) if number else None


def _date(year: str, month: str, day_of_month: str) -> date | None:
    try:
        return date(int(year), int(month), int(day_of_month))
    except ValueError:
        return None
