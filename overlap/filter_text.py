"""Read a condition from its text: what stands in the list here passes, everything else is refused.

Nothing of the text is ever run: what comes back is a tree of our own (`overlap.filters`).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlglot import exp
from sqlglot.errors import SqlglotError

from overlap.errors import ConfigError
from overlap.filter_syntax import EXAMPLE, Days, Written
from overlap.filters import (
    DEAL_TESTS,
    Compare,
    Condition,
    Deals,
    Empty,
    Field,
    Fields,
    Filter,
    Kind,
    Like,
    Not,
    OneOf,
    Value,
    Within,
    every,
    some,
)

_MOST_DAYS: Final = 36_500
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_SIGNS: Final = {exp.EQ: "=", exp.NEQ: "!=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
#: What may stand in a node besides its own class: sqlglot keeps some opposites ("not like") as a mark on the node.
_ARGUMENTS: Final = {"this", "expression", "expressions", "low", "high", "is_string", "days", "side", "negate"}


def read_filter(text: str, where: str, fields: Fields) -> Filter:
    """Return the condition that *text* states; *where* is its place in the settings.

    Raises:
        ConfigError: it is none, or goes beyond the list; the message has the place, the reason and the remedy.
    """
    written = Written(text, where)
    try:
        return Filter(where, _Reader(written, fields.account, fields.deal).condition(written.parsed()))
    except RecursionError as error:
        raise written.refused("it is nested too deeply; split it into several") from error


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads conditions on one thing: *names* are its fields, *deals* those of its deals, None in a test on deals."""

    written: Written
    names: Mapping[str, Field]
    deals: Mapping[str, Field] | None

    def condition(self, node: Any) -> Condition:
        """Return the condition that *node* states."""
        node = self._allowed(node)
        kind = type(node)
        if kind in (exp.And, exp.Or):
            parts = [self.condition(part) for part in node.flatten(unnest=True)]
            return every(parts) if kind is exp.And else some(parts)
        if kind is exp.Not:
            return _not(self.condition(node.this))
        if kind in _SIGNS:
            return self._comparison(node, _SIGNS[kind])
        if kind in (exp.Like, exp.ILike):
            return self._like(node)
        if kind is exp.In:
            return self._one_of(node)
        if kind is exp.Between:
            field, least = self._compared(node.this, node.args["low"])
            field, most = self._compared(node.this, node.args["high"], field)
            self._require_order(field, node)
            return every([Compare(field, ">=", least), Compare(field, "<=", most)])
        if kind is exp.Is:
            return self._is(node)
        if kind is Days:
            return self._within(node)
        if kind is exp.Column:
            return Compare(self._flag(node), "=", True)
        if kind is exp.Anonymous:
            return self._of_deals(node)
        raise self.refused(f"{self._shown(node)} is no condition; {EXAMPLE}", node)

    def _comparison(self, node: Any, sign: str) -> Condition:
        left, right = node.this.unnest(), node.expression.unnest()
        if isinstance(left, (exp.Literal, exp.Boolean, exp.Neg)) and not isinstance(right, (exp.Literal, exp.Boolean)):
            left, right, sign = right, left, _MIRRORED.get(sign, sign)
        field, value = self._compared(left, right)
        if sign in ("=", "!="):
            same = Compare(field, "=", value)
            return same if sign == "=" else _not(same)
        self._require_order(field, node)
        return Compare(field, sign, value)

    def _like(self, node: Any) -> Condition:
        field = self._field(node.this)
        if field.kind not in (Kind.TEXT, Kind.ANY):
            raise self.refused(f"'{field.name}' holds {field.kind}; like is for text", node)
        pattern = self._allowed(node.expression)
        if not isinstance(pattern, exp.Literal) or not pattern.is_string:
            raise self.refused("like wants a pattern in single quotes, as in name like '%test%'", node)
        found = Like(replace(field, kind=Kind.TEXT), pattern.this)
        return Not(found) if node.args.get("negate") else found

    def _one_of(self, node: Any) -> Condition:
        if not node.expressions:
            raise self.refused("in wants a list of values, as in industry in ('Banking', 'Insurance')", node)
        field, first = self._compared(node.this, node.expressions[0])
        rest = [self._compared(node.this, value, field)[1] for value in node.expressions[1:]]
        return OneOf(field, (first, *rest))

    def _is(self, node: Any) -> Condition:
        right = self._allowed(node.expression)
        if isinstance(right, exp.Null):
            field = self._field(node.this)
            found: Condition = Empty(replace(field, kind=Kind.TEXT) if field.kind is Kind.ANY else field)
        elif isinstance(right, exp.Boolean):
            found = Compare(self._flag(node.this), "=", bool(right.this))
        else:
            raise self.refused("is stands before null, true or false", node)
        return _not(found) if node.args.get("negate") else found

    def _within(self, node: Any) -> Condition:
        field = self._field(node.this)
        if field.kind not in (Kind.DAY, Kind.ANY):
            raise self.refused(f"'{field.name}' holds {field.kind}; within is for days", node)
        text = str(self._allowed(node.args["days"]).this)
        if not text.isdecimal() or int(text) > _MOST_DAYS:
            raise self.refused(f"days are a whole number up to {_MOST_DAYS:,}", node)
        return Within(replace(field, kind=Kind.DAY), int(text), node.args["side"])

    def _of_deals(self, node: Any) -> Condition:
        name = str(node.this).lower()
        if name not in DEAL_TESTS or not isinstance(node.this, str):
            known = [*DEAL_TESTS, "lower", "upper"]
            raise self.refused(f"there is no function {name}{_nearest(name, known)}", node)
        if self.deals is None:
            raise self.refused(f"{name}(...) cannot stand within a test on deals", node)
        if len(node.expressions) > 1:
            raise self.refused(f"{name}(...) takes one condition on a deal; join two with and", node)
        of_deals = replace(self, names=self.deals, deals=None)
        wanted = of_deals.condition(node.expressions[0]) if node.expressions else None
        return Deals(DEAL_TESTS[name], wanted)

    # --- fields and values ------------------------------------------------------------------------------------------

    def _compared(self, left: Any, right: Any, known: Field | None = None) -> tuple[Field, Value]:
        """Return the field and the value of its kind; a mapped field is of the kind of the first value, *known*."""
        field = known or self._field(left)
        value = self._value(self._allowed(right))
        kind = field.kind
        if kind is Kind.ANY:
            is_day = isinstance(value, str) and _DAY.fullmatch(value)
            kind = Kind.FLAG if isinstance(value, bool) else Kind.NUMBER if isinstance(value, float) else Kind.TEXT
            field = replace(field, kind=Kind.DAY if is_day else kind)
        if field.kind is Kind.DAY and isinstance(value, str):
            return field, self._day(value, right)
        wanted = {Kind.TEXT: str, Kind.NUMBER: float, Kind.FLAG: bool}.get(field.kind)
        if wanted is None or not isinstance(value, wanted):
            raise self.refused(f"'{field.name}' holds {field.kind}, and {self._shown(right)} is none", right)
        return field, value

    def _field(self, node: Any) -> Field:
        node = self._allowed(node)
        cased = isinstance(node, (exp.Lower, exp.Upper))  # text is compared without regard to case anyhow
        node = self._allowed(node.this) if cased else node
        if not isinstance(node, exp.Column) or not isinstance(node.this, exp.Identifier):
            raise self.refused(
                f"{self._shown(node)} is no field; a field stands on the left, a value on the right", node
            )
        name = node.name if node.name in self.names else node.name.lower()
        if name not in self.names:
            thing = "an account" if self.deals is not None else "a deal"
            raise self.refused(f"'{node.name}' is no field of {thing}{self._nearest_field(name)}", node)
        field = self.names[name]
        if cased and field.kind not in (Kind.TEXT, Kind.ANY):
            raise self.refused(f"'{field.name}' holds {field.kind}; lower and upper are for text", node)
        return field

    def _nearest_field(self, name: str) -> str:
        if self.deals is not None and name in self.deals:
            return f"; deals have it: any_opportunity({name} ...)"
        mapped = [field.name for field in self.names.values() if field.is_mapped]
        section = "account_fields" if self.deals is not None else "opportunity_fields"
        own = f"mapped: {', '.join(mapped)}" if mapped else f"fields of your own are mapped in [crm.NAME.{section}]"
        return f"{_nearest(name, list(self.names))} ({own})"

    def _flag(self, node: Any) -> Field:
        field = self._field(node)
        if field.kind not in (Kind.FLAG, Kind.ANY):
            raise self.refused(f"'{field.name}' holds {field.kind}; compare it with something", node)
        return replace(field, kind=Kind.FLAG)

    def _value(self, node: Any) -> Value:
        negative = isinstance(node, exp.Neg)
        node = self._allowed(node.this) if negative else node
        if isinstance(node, exp.Boolean) and not negative:
            return bool(node.this)
        if isinstance(node, exp.Literal) and node.is_string and not negative:
            return str(node.this)
        if isinstance(node, exp.Literal) and not node.is_string:
            return self._number(node, -1 if negative else 1)
        if isinstance(node, exp.Null):
            raise self.refused("nothing equals null; write: is null, or: is not null", node)
        if isinstance(node, exp.Column):
            raise self.refused(
                f"{self._shown(node)} is no value; text stands in single quotes, as in '{node.name}'", node
            )
        raise self.refused(
            f"{self._shown(node)} is no value; write text in single quotes, a number, true or false", node
        )

    def _number(self, node: Any, sign: int) -> float:
        try:
            value = float(node.this)
        except ValueError:
            value = math.inf
        if not math.isfinite(value):
            raise self.refused(f"{self._shown(node)} is no number that can be compared", node)
        return sign * value + 0.0  # no -0.0: it would not be written as it is read

    def _day(self, text: str, node: Any) -> date:
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise self.refused(f"'{text}' is no day; write it like '2026-12-31', or: within 90 days", node)

    def _require_order(self, field: Field, node: Any) -> None:
        if field.kind not in (Kind.NUMBER, Kind.DAY):
            raise self.refused(f"'{field.name}' holds {field.kind}; it can be compared with =, !=, in", node)

    def _allowed(self, node: Any) -> Any:
        """Return *node* without its brackets, if it says nothing that we would pass over."""
        node = node.unnest() if isinstance(node, exp.Expression) else node
        if not isinstance(node, exp.Expression):
            raise self.refused(f"something is missing; {EXAMPLE}")
        for name, value in node.args.items():
            if value not in (None, [], False, "") and name not in _ARGUMENTS:
                raise self.refused(f"{self._shown(node)} cannot stand in a filter", node)
        return node

    def _shown(self, node: Any) -> str:
        try:
            text = node.sql() if not isinstance(node, Days) else "within"
        except (SqlglotError, ValueError, TypeError, AttributeError, KeyError):
            text = type(node).__name__
        return text if len(text) <= 60 else f"{text[:57]}..."

    def refused(self, why: str, at: Any = None) -> ConfigError:
        """Return the error that says *why*, at a node."""
        return self.written.refused(why, at)


def _not(condition: Condition) -> Condition:
    """Return the opposite, in its one form."""
    return condition.one if isinstance(condition, Not) else Not(condition)


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(known)}"
