"""What a partner's cell means: one text in, one value out, None if it cannot be read.

The one thing to know: a value that may mean two things counts as unreadable. 03/04/2025 is March or April, and a wrong
date does more harm than a missing one.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from connectors.files.headings import squashed
from overlap.model import CUSTOMERS, OPEN_OPPORTUNITIES, OTHER, PROSPECTS

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

_COUNT: Final = r"(\d{1,3}(?:[.,'’ ]\d{3})+|\d{1,9})"
_HEADCOUNT: Final = re.compile(
    rf"{_COUNT}(?:\.0{{1,2}})?(?: ?(?:\+|(?:-|–|—|to|bis|à|a) ?{_COUNT}))?(?: [^\W\d]+)?", re.IGNORECASE
)
_TIME: Final = r"(?:[T ][\d:.]+ ?(?:Z|[+-]\d\d:?\d\d)?)?"
_YEAR_FIRST: Final = re.compile(rf"(\d{{4}})(-?)(\d\d)\2(\d\d){_TIME}")
_GERMAN: Final = re.compile(rf"(\d{{1,2}})\. ?(\d{{1,2}})\. ?(\d{{4}}){_TIME}")
_SLASHES: Final = re.compile(rf"(\d{{1,2}})([/-])(\d{{1,2}})\2(\d{{4}}){_TIME}")
#: Days since 1899-12-30, the way spreadsheets store a date: five digits are 1927 to 2173.
_SERIAL: Final = re.compile(r"(\d{5})(?:\.\d+)?")
_SERIAL_ZERO: Final = date(1899, 12, 30)
_EMAIL: Final = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@.,;<>\"]{2,}")
#: The least that the CRMs take in an e-mail field; see `overlap.fields`.
_EMAIL_CHARACTERS: Final = 80


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


def day(text: str) -> date | None:
    """Return the day: 2025-12-31, 20251231, 31.12.2025, a spreadsheet's serial, or 12/31/2025 and 31/12/2025.

    With slashes or hyphens and the year last, day and month must be told apart by one being over 12. A time of day
    behind the date is cut off.
    """
    if found := _YEAR_FIRST.fullmatch(text):
        return _date(found[1], found[3], found[4])
    if found := _GERMAN.fullmatch(text):
        return _date(found[3], found[2], found[1])
    if found := _SLASHES.fullmatch(text):
        first, second = found[1], found[3]
        readings = {_date(found[4], first, second), _date(found[4], second, first)} - {None}
        return readings.pop() if len(readings) == 1 else None
    if found := _SERIAL.fullmatch(text):
        return _SERIAL_ZERO + timedelta(days=int(found[1]))
    return None


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


def _date(year: str, month: str, day_of_month: str) -> date | None:
    try:
        return date(int(year), int(month), int(day_of_month))
    except ValueError:
        return None
