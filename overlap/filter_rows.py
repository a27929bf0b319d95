"""Ask a condition of frames, a column at a time. Expressions are built here: no text of a person's is ever run."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from overlap.currencies import require_one_currency
from overlap.errors import ConfigError
from overlap.filters import (
    Compare,
    Condition,
    Deals,
    Empty,
    Every,
    Field,
    Filter,
    Kind,
    Like,
    Not,
    OneOf,
    Some,
    Value,
    Within,
)
from overlap.model import Opportunity, empty

_ID: Final = ["crm", "id"]
_SIGNS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Rows:
    """What conditions are asked of. *accounts* and *deals* have the columns of Account and Opportunity.

    None for *deals*: nobody knows them. Times are days of the time zone *zone*, in which it is *today*.
    """

    accounts: pl.DataFrame
    deals: pl.DataFrame | None
    today: date
    zone: str = "UTC"


def chosen(filter_: Filter, rows: Rows) -> pl.Series:
    """Return for each of the accounts of *rows*, in their order, whether the condition holds.

    Raises:
        ConfigError: a mapped field holds something else than the condition takes it for, or money in several
            currencies would be compared.
    """
    require_one_currency(filter_, rows.accounts, rows.deals)
    return _Asked(filter_.where, rows).holds(filter_.condition, rows.accounts)


def values(field: Field, frame: pl.DataFrame, where: str, zone: str = "UTC") -> pl.Expr:
    """Return the values of *field* in the rows of *frame*, of its kind; null where there is none.

    Times that a mapped field holds are days of the time zone *zone*.

    Raises:
        ConfigError: a mapped field holds a value that is not of that kind; the message names one.
    """
    if not field.is_mapped:
        return pl.col(field.name).cast(pl.Float64) if field.kind is Kind.NUMBER else pl.col(field.name)
    said = pl.col("custom").str.json_path_match(f"$['{field.name}']")
    read = _read(field.kind, said, zone)
    odd = frame.lazy().filter(said.is_not_null() & read.is_null()).select(said.alias("said")).head(1).collect()
    if not odd.is_empty():
        raise ConfigError(f"{where}: '{field.name}' is compared as {field.kind}, and holds {odd['said'][0]!r}")
    return read


def _read(kind: Kind, said: pl.Expr, zone: str) -> pl.Expr:
    match kind:
        case Kind.NUMBER:
            return said.cast(pl.Float64, strict=False)
        case Kind.FLAG:
            return said.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
        case Kind.DAY:
            return pl.coalesce(_day_of_moment(said, zone), said.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False))
        case _:
            return said


def _day_of_moment(said: pl.Expr, zone: str) -> pl.Expr:
    """Return the day in *zone* of what is a time with its offset, however a CRM or polars writes it; null of a day."""
    plain = said.str.replace(r"^(.{10}) ", "${1}T").str.replace(r" ?(?:Z|UTC)$", "+0000")
    moment = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", strict=False, time_unit="us")
    return moment.dt.convert_time_zone(zone).dt.date()


@dataclass(frozen=True, slots=True)
class _Asked:
    """Conditions of the filter at *where*, asked of *rows*."""

    where: str
    rows: Rows

    def holds(self, condition: Condition, frame: pl.DataFrame) -> pl.Series:
        """Return for each row of *frame*, accounts or deals, whether *condition* holds."""
        match condition:
            case Every(parts):
                return functools.reduce(operator.and_, (self.holds(part, frame) for part in parts))
            case Some(parts):
                return functools.reduce(operator.or_, (self.holds(part, frame) for part in parts))
            case Not(one):
                return ~self.holds(one, frame)
            case Deals(which, wanted):
                return self._has_deals(which, wanted)
            case _:
                said = values(condition.field, frame, self.where, self.rows.zone)
                # An empty field equals nothing.
                found = self._test(condition, said).fill_null(False)
                return frame.select(found.alias("holds")).to_series()

    def _test(self, condition: Compare | Like | OneOf | Empty | Within, said: pl.Expr) -> pl.Expr:
        if isinstance(condition, Empty):
            return said.is_null()
        said = self._comparable(condition.field, said)
        match condition:
            case Compare(_, sign, value):
                return _SIGNS[sign](said, _comparable(value))  # type: ignore[no-any-return]
            case OneOf(_, wanted):
                return said.is_in([_comparable(value) for value in wanted])
            case Like(_, pattern):
                return said.str.contains(_regex(pattern.lower()))
            case Within(_, days, side):
                day = timedelta(days=days)
                least = self.rows.today - (timedelta() if side == "next" else day)
                return said.is_between(least, self.rows.today + (timedelta() if side == "last" else day))

    def _comparable(self, field: Field, said: pl.Expr) -> pl.Expr:
        if field.kind is Kind.TEXT:
            return said.str.to_lowercase()
        if field.kind is Kind.DAY and field.name.endswith("_at") and not field.is_mapped:
            return said.dt.convert_time_zone(self.rows.zone).dt.date()
        return said

    def _has_deals(self, which: str, wanted: Condition | None) -> pl.Series:
        """Return for each account whether *which* of its deals meet *wanted*."""
        deals = empty(Opportunity) if self.rows.deals is None else self.rows.deals
        if which == "latest":
            newest_last = deals.sort("created_at", "id")
            deals = newest_last.unique(["crm", "account_id"], keep="last", maintain_order=True)
        if wanted is not None:
            deals = deals.filter(self.holds(wanted, deals))
        having = deals.select("crm", id="account_id").unique().with_columns(has=pl.lit(True))
        has = self.rows.accounts.select(_ID).join(having, on=_ID, how="left", maintain_order="left")["has"]
        return ~has.fill_null(False) if which == "no" else has.fill_null(False)


def _comparable(value: Value) -> Value:
    return value.lower() if isinstance(value, str) else value


def _regex(pattern: str) -> str:
    parts = {"%": ".*", "_": "."}
    return rf"(?s)\A{''.join(parts.get(letter) or pl.escape_regex(letter) for letter in pattern)}\z"
