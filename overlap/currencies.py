"""Money is compared within one currency: nothing is converted, and a million of one is not a million of another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from overlap.errors import ConfigError
from overlap.filters import Compare, Condition, Deals, Empty, Every, Filter, Not, OneOf, Some, text_of

#: Of accounts and of their deals. What a mapped field holds nobody says here: it may be money or not.
_MONEY: Final = frozenset({"revenue", "amount"})
_CURRENCY: Final = "currency"


@dataclass(frozen=True, slots=True)
class Unpinned:
    """A comparison of money beside which nothing says in which currency; *of_deals*: of an amount of a deal."""

    compared: Compare | OneOf
    of_deals: bool


def require_one_currency(filter_: Filter, accounts: pl.DataFrame, deals: pl.DataFrame | None) -> None:
    """Make sure that no comparison of *filter_* would take money in several currencies for the same.

    It is fine where all money is in one currency, where the currency is named in the same conjunction, and with 0.
    A record without a currency counts as one more: another org's only one.

    Raises:
        ConfigError: one would; the message has the currencies found, and what to write.
    """
    for one in _unpinned(filter_.condition):
        frame = deals if one.of_deals else accounts
        found = [] if frame is None else _currencies(frame, one.compared.field.name)
        if len(found) > 1:
            told = [currency or "no currency" for currency in found]
            raise ConfigError(
                f"{filter_.where}: {one.compared.field.name} is in {', '.join(told[:5])}, and nothing is converted: "
                f"name the one that is meant, as in ({_CURRENCY} = '{found[0]}' and {text_of(one.compared)})"
            )


def _unpinned(condition: Condition, is_pinned: bool = False, of_deals: bool = False) -> Iterator[Unpinned]:
    match condition:
        case Every(parts):
            is_pinned = is_pinned or any(map(_pins, parts))
            for part in parts:
                yield from _unpinned(part, is_pinned, of_deals)
        case Some(parts):
            for part in parts:
                yield from _unpinned(part, is_pinned, of_deals)
        case Not(one):
            yield from _unpinned(one, is_pinned, of_deals)
        case Deals(_, wanted) if wanted is not None:
            yield from _unpinned(wanted, False, True)  # a deal has a currency of its own
        case Compare(field, _, value) if field.name in _MONEY and value != 0 and not is_pinned:
            yield Unpinned(condition, of_deals)
        case OneOf(field, values) if field.name in _MONEY and any(values) and not is_pinned:
            yield Unpinned(condition, of_deals)


def _pins(condition: Condition) -> bool:
    """Return whether all that meets *condition* is in one currency."""
    match condition:
        case Compare(field, "=", _) | Empty(field):
            return field.name == _CURRENCY
        case OneOf(field, values):
            return field.name == _CURRENCY and len({str(value).lower() for value in values}) == 1
        case _:
            return False


def _currencies(frame: pl.DataFrame, money: str) -> list[str | None]:
    """Return in which currencies *money* is, sorted, None last."""
    found = frame.filter(pl.col(money).is_not_null() & (pl.col(money) != 0))[_CURRENCY]
    return found.str.to_uppercase().unique().sort(nulls_last=True).to_list()
