"""Search: filters turned into SQL, at most 10,000 results of a query, and an index that may lag behind.

What was written less than the lag ago is missing from every answer; archived records are in none. Texts compare
without regard to case, but ``IN`` and ``NOT_IN`` find a text only if it is given in lower case. Times are milliseconds
since 1970. Source: HubSpot's search guide.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from connectors.sandbox.hubspot import records
from connectors.sandbox.hubspot.bodies import Row, as_id, objects_of, optional_text, texts_of
from connectors.sandbox.hubspot.call import Call
from connectors.sandbox.hubspot.database import Database
from connectors.sandbox.hubspot.errors import HubSpotError, instant, invalid, unreadable
from connectors.sandbox.hubspot.schema import ObjectType, Property
from connectors.sandbox.hubspot.values import as_instant, as_number

MOST_RESULTS: Final = 10_000
_PAGE, _LARGEST_PAGE = 10, 200
_GROUPS, _FILTERS, _ALL_FILTERS, _QUERY = 5, 6, 18, 3_000
_COMPARISONS: Final = {"EQ": "=", "NEQ": "!=", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_TIMES: Final = frozenset({"date", "datetime"})


@dataclass(slots=True)
class _Where:
    """A condition in the making."""

    parts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, part: str, *values: Any) -> None:
        """Add a condition that must hold too."""
        self.parts.append(part)
        self.values.extend(values)

    def text(self, between: str = " and ") -> str:
        """Return it as SQL."""
        return between.join(self.parts)


def run(call: Call) -> Row:
    """Answer a search."""
    kind, database, body = call.kind, call.database, call.object()
    limit, offset = _span(body)
    names = records.wanted(database, kind, texts_of(body, "properties"))
    where = _where(database, kind, body)
    table = f'"{kind.type_id}"'
    total = database.rows(f"select count(*) from {table} where {where.text()}", where.values)[0][0]
    condition = f"{where.text()} order by {_order(database, kind, body)} limit ? offset ?"
    found = database.select(kind, condition, (*where.values, limit, offset), records.stamped(kind, names))
    answer: Row = {"total": total, "results": [records.shown(kind, record, names) for record in found]}
    if offset + limit < total:
        answer["paging"] = {"next": {"after": str(offset + limit)}}
    return answer


def _span(body: Row) -> tuple[int, int]:
    limit, after = body.get("limit", _PAGE), body.get("after", "0") or "0"
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= _LARGEST_PAGE:
        raise invalid(f"limit must be a number between 1 and {_LARGEST_PAGE}, and is {limit}")
    if as_id(str(after)) is None:
        raise invalid(f"after: '{after}' is not a valid cursor")
    if int(after) + limit > MOST_RESULTS:
        raise invalid(f"A search has at most {MOST_RESULTS} results: after {after}, {limit} more go beyond")
    return limit, int(after)


def _where(database: Database, kind: ObjectType, body: Row) -> _Where:
    where = _Where(["archived_at is null"])
    lag = database.setting("index_lag_s", 0)
    if lag:
        where.add("p_hs_lastmodifieddate <= ?", instant(database.now() - timedelta(seconds=lag)))
    if hidden := [record for type_id, record in database.hidden if type_id == kind.type_id]:
        where.add("id not in (select value from json_each(?))", json.dumps(hidden))
    if query := optional_text(body, "query"):
        if len(query) > _QUERY:
            raise invalid(f"query has at most {_QUERY} characters")
        _add_query(where, kind, query)
    groups = objects_of(body, "filterGroups")
    filters = [objects_of(group, "filters") for group in groups]
    if not all(filters):
        raise unreadable("Some required fields were not set: [filters]")
    if len(groups) > _GROUPS or any(len(one) > _FILTERS for one in filters) or sum(map(len, filters)) > _ALL_FILTERS:
        message = f"A search has at most {_GROUPS} filterGroups of {_FILTERS} filters each, {_ALL_FILTERS} in all"
        raise invalid(message)
    either = _Where()
    for group in filters:
        every = _Where()
        for one in group:
            _add_filter(every, database, kind, one)
        either.add(f"({every.text()})", *every.values)
    if either.parts:
        where.add(f"({either.text(' or ')})", *either.values)
    return where


def _add_query(where: _Where, kind: ObjectType, query: str) -> None:
    columns = [f'"p_{name}"' for name in kind.searched] or ["null"]
    word = f"%{_escaped(query)}%"
    where.add(f"({' or '.join(f'''{column} like ? escape '!' ''' for column in columns)})", *[word] * len(columns))


def _add_filter(where: _Where, database: Database, kind: ObjectType, given: Row) -> None:
    name, operator = optional_text(given, "propertyName"), optional_text(given, "operator")
    definition = database.properties(kind).get(name)
    if definition is None:
        raise _problem(f'Property "{name}" does not exist', name, "PROPERTY_DOESNT_EXIST")
    column = _column(definition)
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        if any(key in given for key in ("value", "values", "highValue")):
            raise _problem(f"operator {operator} takes no value", definition.name)
        where.add(f"{column} is {'not ' if operator == 'HAS_PROPERTY' else ''}null")
    elif operator in _COMPARISONS:
        _compare(where, definition, operator, _operand(definition, given.get("value")))
    elif operator == "BETWEEN":
        ends = (_operand(definition, given.get("value")), _operand(definition, given.get("highValue")))
        where.add(f"{column} between ? and ?", *ends)
    elif operator in ("IN", "NOT_IN"):
        _among(where, definition, given.get("values"), negated=operator == "NOT_IN")
    elif operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        word = _escaped(str(_operand(definition, given.get("value")))).replace("*", "%")
        text = f"(' ' || replace({column}, ';', ' ') || ' ') like ? escape '!'"
        where.add(text if operator == "CONTAINS_TOKEN" else f"({column} is null or not {text})", f"% {word} %")
    else:
        raise unreadable(f"'{operator}' is no operator of a filter")


def _column(definition: Property) -> str:
    if definition.name == "hs_object_id":
        return "id"
    column = f'"p_{definition.name}"'
    return f"cast({column} as real)" if definition.type == "number" else column


def _compare(where: _Where, definition: Property, operator: str, operand: Any) -> None:
    if definition.several and operator in ("EQ", "NEQ"):
        return _among(where, definition, [operand], negated=operator == "NEQ")
    column = _column(definition)
    if operator == "NEQ":
        return where.add(f"({column} is null or {column} != ?)", operand)
    # What is empty compares with nothing; as a number it would be 0.
    there = f'"p_{definition.name}" is not null and ' if definition.name != "hs_object_id" else ""
    return where.add(f"{there}{column} {_COMPARISONS[operator]} ?", operand)


def _among(where: _Where, definition: Property, values: Any, *, negated: bool) -> None:
    if not isinstance(values, list) or not values:
        raise _problem("IN and NOT_IN need a list of values", definition.name)
    operands = [_operand(definition, value) for value in values]
    if definition.type in ("string", "phone_number"):
        operands = [value for value in operands if value == value.lower()]
    column = _column(definition)
    if definition.several:
        text = " or ".join([f"(';' || {column} || ';') like ? escape '!'"] * len(operands))
        operands = [f"%;{_escaped(value)};%" for value in operands]
    else:
        text = f"{column} in ({', '.join('?' * len(operands))})"
    where.add(f"({column} is null or not ({text}))" if negated else f"({text})", *operands)


def _operand(definition: Property, value: Any) -> Any:
    """Return what a stored value of *definition* is compared with."""
    if not isinstance(value, str) or not value:
        raise _problem("a value is missing, or is no string", definition.name)
    if definition.name == "hs_object_id" and (record := as_id(value)) is not None:
        return record
    if definition.type == "number":
        number = as_number(value)
        if number is None:
            raise _problem(f"{value} was not a valid number.", definition.name)
        return float(number)
    if definition.type in _TIMES:
        at = as_instant(value)
        if at is None or not value.lstrip("-").isdecimal():
            raise _problem(f"{value} was not a valid long.", definition.name)
        return instant(at) if definition.type == "datetime" else at.date().isoformat()
    return value


def _order(database: Database, kind: ObjectType, body: Row) -> str:
    sorts = body.get("sorts") or []
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise invalid("A search takes one sort")
    if not sorts:
        return "id"
    if isinstance(sorts[0], dict):
        name, downwards = sorts[0].get("propertyName"), sorts[0].get("direction") == "DESCENDING"
    else:
        name, downwards = str(sorts[0]).removeprefix("-"), str(sorts[0]).startswith("-")
    definition = database.properties(kind).get(str(name))
    if definition is None:
        raise _problem(f'Property "{name}" does not exist', str(name), "PROPERTY_DOESNT_EXIST")
    return f"{_column(definition)} {'desc' if downwards else 'asc'}, id"


def _problem(message: str, name: str, code: str = "INVALID_FILTER") -> HubSpotError:
    detail = {"message": message, "code": code, "context": {"propertyName": [name]}}
    return invalid(f"There was a problem with the request: {message}", errors=[detail])


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
