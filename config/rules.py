"""The filters of the settings, read: populations, exclusions and the criteria of the ideal customer profile.

They are read when the settings are, so that a wrong one is told before anything is done. Names that a condition may use
are the columns of ours and those that the settings of the CRM connections map.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from overlap.errors import ConfigError
from overlap.filters import Field, Fields, Filter, Kind, fields

if TYPE_CHECKING:
    from config.profiles import Criterion
    from config.settings import Settings

_BUILT_IN = ("customers", "open_opportunities", "prospects")


def known_fields(settings: Settings) -> Fields:
    """Return the fields that conditions may name in this workspace."""
    account: set[str] = set()
    deal: set[str] = set()
    for crm in settings.crm.values():
        account |= set(getattr(crm, "account_fields", ()))
        deal |= set(getattr(crm, "opportunity_fields", ()))
    return fields(sorted(account), sorted(deal))


def filters(settings: Settings) -> dict[str, Filter]:
    """Return every filter of *settings* by its place (``populations.custom.Enterprise.filter``).

    Raises:
        ConfigError: one or more cannot be read, one line each.
    """
    written = dict(_written(settings))
    if not written:
        return {}
    from overlap.filter_text import read_filter  # heavy: sqlglot, only where there is something to parse

    known, read, wrong = known_fields(settings), {}, []
    for place, text in written.items():
        try:
            read[place] = read_filter(text, place, known)
        except ConfigError as error:
            wrong.append(str(error))
    if wrong:
        raise ConfigError("\n".join(wrong))
    return read


def criterion_field(settings: Settings, at: int) -> Field | None:
    """Return the field of the ICP's criterion *at* a place, of the kind that the criterion asks for.

    Raises:
        ConfigError: there is no such field, or it is of another kind.
    """
    one, known = settings.icp.criteria[at], known_fields(settings).account
    if one.field is None:
        return None
    place = f"icp.criteria.{at}.field"
    if one.field not in known:
        close = difflib.get_close_matches(one.field, known, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
        raise ConfigError(f"{place}: '{one.field}' is no field of an account; {hint}")
    wanted, field = _wanted(one), known[one.field]
    if field.kind not in (wanted, Kind.ANY):
        raise ConfigError(f"{place}: '{one.field}' holds {field.kind}; {_remedy(wanted)}")
    return replace(field, kind=wanted)


def require_good_rules(settings: Settings) -> None:
    """Make sure that every filter and every field of *settings* can be read.

    Raises:
        ConfigError: one cannot, or several; one line each, which begins with the place in the settings.
    """
    wrong = []
    try:
        filters(settings)
    except ConfigError as error:
        wrong.append(str(error))
    for at in range(len(settings.icp.criteria)):
        try:
            criterion_field(settings, at)
        except ConfigError as error:
            wrong.append(str(error))
    if wrong:
        raise ConfigError("\n".join(wrong))


def require_known_crm(settings: Settings) -> None:
    """Make sure that the section on companies names a CRM and a mapped field that there are.

    Raises:
        ConfigError: it does not; the message begins with the place in the settings.
    """
    said = settings.companies
    if said.population_from is not None and said.population_from not in settings.crm:
        hint = _near(said.population_from, settings.crm)
        raise ConfigError(f"companies.population_from: there is no [crm.{said.population_from}]; {hint}")
    deals = {name for crm in settings.crm.values() for name in getattr(crm, "opportunity_fields", ())}
    if said.same_deal is not None and said.same_deal not in deals:
        raise ConfigError(
            f"companies.same_deal: no [crm.NAME.opportunity_fields] has '{said.same_deal}', the name of a field that "
            f"holds the id of the same deal in another CRM; {_near(said.same_deal, deals)}"
        )


def _near(wanted: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(wanted, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(known)) or 'none'}"


def _written(settings: Settings) -> Iterator[tuple[str, str]]:
    told = [(f"populations.{name}", getattr(settings.populations, name)) for name in _BUILT_IN]
    told += [(f"populations.custom.{name}.filter", one.filter) for name, one in settings.populations.custom.items()]
    told += [(f"exclusions.{name}.filter", one.filter) for name, one in settings.exclusions.items()]
    told += [(f"icp.criteria.{at}.filter", one.filter) for at, one in enumerate(settings.icp.criteria)]
    never = {key: one.share.never for key, one in settings.partners.items() if one.share is not None}
    told += [(f"partners.{key}.share.never.filter", one.filter) for key, one in never.items() if one is not None]
    yield from ((place, text) for place, text in told if text is not None)


def _wanted(one: Criterion) -> Kind:
    return Kind.TEXT if one.values is not None else Kind.NUMBER


def _remedy(wanted: Kind) -> str:
    if wanted is Kind.TEXT:
        return "values are for text; write at_least, at_most or a filter"
    return "at_least and at_most are for numbers; write values or a filter"
