"""Money is compared within one currency: nothing is converted, and a million of one is not a million of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from overlap.errors import ConfigError
from overlap.filters import Compare, Condition, Deals, Empty, Every, Filter, Not, OneOf, Some, text_of

#: Of accounts and of their deals. What a mapped field holds nobody says here: it may be money or not.
_MONEY: Final = frozenset({"revenue", "amount"})
_CURRENCY: Final = "currency"
#: What a conjunction says of the currency, the least first: nothing, that there is none, or which one.
_ANY, _NONE, _ONE = range(3)


@dataclass(frozen=True, slots=True)
class Unpinned:
    """A comparison of money beside which nothing says in which currency; *of_deals*: of an amount of a deal.

    *of_none*: beside it stands that there is none; that may be several orgs' only one.
    """

    compared: Compare | OneOf
    of_deals: bool
    of_none: bool


def require_one_currency(filter_: Filter, accounts: pl.DataFrame, deals: pl.DataFrame | None) -> None:
    """Make sure that no comparison of *filter_* would take money in several currencies for the same.

    It is fine where all money is in one currency, where the currency is named in the same conjunction, and with 0.
    A record without a currency counts as one more: its org's only one, and another one for each CRM.

    Raises:
        ConfigError: one would; the message has the currencies found, and what to write.
    """
    for one in _unpinned(filter_.condition):
        frame = deals if one.of_deals else accounts
        found = [] if frame is None else currencies_of(frame, one.compared.field.name, one.of_none)
        if len(found) > 1:
            meant = f"name the one that is meant, as in ({_CURRENCY} = '{found[0][0]}' and {text_of(one.compared)})"
            said = f"{filter_.where}: {one.compared.field.name} is in {listed(found)}, and nothing is converted: "
            raise ConfigError(said + (unnamed(found) or meant))


def currencies_of(frame: pl.DataFrame, money: str, of_none: bool = False) -> list[tuple[str | None, str | None]]:
    """Return in which currencies *money* is, sorted, and then None with each CRM that says none; *of_none*: only those.

    Two orgs of one currency each need not have the same one.
    """
    found = frame.filter(pl.col(money).is_not_null() & (pl.col(money) != 0))
    told = found.select(pl.col(_CURRENCY).str.to_uppercase(), crm=pl.when(pl.col(_CURRENCY).is_null()).then("crm"))
    kept = told.filter(pl.col(_CURRENCY).is_null()) if of_none else told
    return kept.unique().sort(_CURRENCY, "crm", nulls_last=True).rows()


def listed(found: Sequence[tuple[str | None, str | None]]) -> str:
    """Return *found*, see `currencies_of`, as people read it."""
    several = unnamed(found) is not None
    return ", ".join(currency or (f"{crm}'s only one" if several else "no currency") for currency, crm in found[:5])


def unnamed(found: Sequence[tuple[str | None, str | None]]) -> str | None:
    """Return what to write where several CRMs of *found*, see `currencies_of`, say no currency; else None."""
    crms = [crm for currency, crm in found if currency is None]
    return f'write which one each has, as in [crm.{crms[0]}] currency = "EUR"' if len(crms) > 1 else None


def _unpinned(condition: Condition, pin: int = _ANY, of_deals: bool = False) -> Iterator[Unpinned]:
    match condition:
        case Every(parts):
            pin = max(pin, *map(_pin, parts))
            for part in parts:
                yield from _unpinned(part, pin, of_deals)
        case Some(parts):
            for part in parts:
                yield from _unpinned(part, pin, of_deals)
        case Not(one):
            yield from _unpinned(one, pin, of_deals)
        case Deals(_, wanted) if wanted is not None:
            yield from _unpinned(wanted, _ANY, True)  # a deal has a currency of its own
        case Compare(field, _, value) if field.name in _MONEY and value != 0 and pin != _ONE:
            yield Unpinned(condition, of_deals, pin == _NONE)
        case OneOf(field, values) if field.name in _MONEY and any(values) and pin != _ONE:
            yield Unpinned(condition, of_deals, pin == _NONE)


def _pin(condition: Condition) -> int:
    """Return what *condition* says of the currency of all that meets it."""
    match condition:
        case Compare(field, "=", _) if field.name == _CURRENCY:
            return _ONE
        case OneOf(field, values) if field.name == _CURRENCY and len({str(value).lower() for value in values}) == 1:
            return _ONE
        case Empty(field) if field.name == _CURRENCY:
            return _NONE
        case _:
            return _ANY
