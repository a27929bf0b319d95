"""A parsed SOQL query against the schema: checked as Salesforce checks it, and turned into SQL.

Two statements come out: one finds the ids in order, one reads a page of records by id. The names in them come from the
schema, never from the query's text; its values are parameters. Text is compared without regard to case, as in
Salesforce, but only among the letters A to Z.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from connectors.sandbox.errors import (
    ApiError,
    QueryError,
    unknown_column_in_query,
    unknown_relation_in_query,
    unknown_type_in_query,
)
from connectors.sandbox.ids import with_checksum
from connectors.sandbox.schema import Catalog, Column, Entity, visible
from connectors.sandbox.soql import Comparison, Condition, Literal, Logic, Path, Select
from connectors.sandbox.values import Stored, shown

_NUMBERS: Final = frozenset({"double", "currency", "percent", "int"})
_NO_LIMIT: Final = 10**9
_IDS: Final = frozenset({"id", "reference"})
_KINDS: Final = {"boolean": "boolean", "date": "date", "datetime": "datetime"} | dict.fromkeys(_NUMBERS, "number")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a row of a page becomes a record: *fields* are (index of the parent, name, index of the value, conversion).

    *parents* are (index of the parent's parent, name, object, index of its id); the record itself is parent 0.
    """

    entity: str
    fields: tuple[tuple[int, str, int, Callable[[Stored], Any] | None], ...]
    parents: tuple[tuple[int, str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """*find* gives ids in order and takes *values*; *read* gives rows for *shape* and takes a JSON list of ids."""

    find: str
    values: tuple[Stored, ...]
    read: str
    shape: Shape


def plan(select: Select, catalog: Catalog, *, deleted_too: bool) -> Plan:
    """Return the SQL of *select* for a user who sees *catalog*.

    Raises:
        ApiError: INVALID_TYPE, INVALID_FIELD, INVALID_QUERY_FILTER_OPERATOR or MALFORMED_QUERY.
    """
    try:
        entity = catalog.entity(select.entity)
    except ApiError:
        raise unknown_type_in_query(select.entity, select.soql, select.position) from None
    scope, values = _Scope(catalog, entity, select.soql), list[Stored]()
    conditions = ['t0."Id" not in (select id from hidden_row)', *([] if deleted_too else ['t0."IsDeleted" = 0'])]
    if select.where is not None:
        conditions.append(_condition(scope, select.where, values))
    order = ", ".join([*(_order(scope, o.path, o.descending, o.nulls_last) for o in select.order), 't0."Id"'])
    where = f" where {' and '.join(conditions)}"
    values += [-1 if select.limit is None else min(select.limit, _NO_LIMIT), select.offset]
    # Nobody sees the order of what is only counted, and it costs as much as the rest.
    ordered = f" order by {order}" if select.paths else ""
    find = f'select t0."Id" from {scope.tables()}{where}{ordered} limit ? offset ?'
    read, shape = reading(select.paths, catalog, entity, select.soql)
    return Plan(find, tuple(values), read, shape)


def reading(paths: Iterable[Path], catalog: Catalog, entity: Entity, soql: str = "") -> tuple[str, Shape]:
    """Return the SQL that reads *paths* of the records whose ids are its one parameter, and the shape of its rows."""
    scope = _Scope(catalog, entity, soql)
    expressions = ['t0."Id"']
    fields: list[tuple[int, str, int, Callable[[Stored], Any] | None]] = []
    parents: dict[tuple[str, ...], tuple[int, int, str, str, int]] = {(): (0, 0, "", "", 0)}
    seen = set[tuple[str, ...]]()
    for path in paths:
        names = tuple(name.lower() for name in path.names)
        if names in seen:
            message = f"duplicate field selected: {'.'.join(path.names)}"
            raise QueryError("INVALID_FIELD", message, soql, path.position)
        seen.add(names)
        sql, column = scope.field(path)
        for depth in range(1, len(names)):
            if names[:depth] not in parents:
                alias, parent, relation = scope.joins[names[:depth]]
                number = (len(parents), parents[names[: depth - 1]][0], relation, parent.name, len(expressions))
                parents[names[:depth]] = number
                expressions.append(f'{alias}."Id"')
        fields.append((parents[names[:-1]][0], column.name, len(expressions), shown(column)))
        expressions.append(sql)
    tables = scope.tables('json_each(?) as page cross join "{}" as t0 on t0."Id" = page.value')
    listed = tuple(entry[1:] for entry in parents.values())[1:]
    return f"select {', '.join(expressions)} from {tables} order by page.key", Shape(entity.name, tuple(fields), listed)


def records(shape: Shape, rows: Iterable[tuple[Stored, ...]], version: str) -> list[dict[str, Any]]:
    """Return *rows* as the API shows them: nested parents, null for a parent that is not there."""
    result = []
    for row in rows:
        holders: list[dict[str, Any] | None] = [{"attributes": _attributes(shape.entity, row[0], version)}]
        for parent, name, entity, index in shape.parents:
            holder, there = holders[parent], row[index]
            inner = None if there is None else {"attributes": _attributes(entity, there, version)}
            if holder is not None:
                holder[name] = inner
            holders.append(inner)
        for parent, name, index, show in shape.fields:
            holder = holders[parent]
            if holder is not None:
                holder[name] = show(row[index]) if show else row[index]
        result.append(holders[0] or {})
    return result


def _attributes(entity: str, record: Stored, version: str) -> dict[str, Any]:
    return {"type": entity, "url": f"/services/data/v{version}/sobjects/{entity}/{record}"}


@dataclass(slots=True)
class _Scope:
    """The tables of one statement: every parent path that is used becomes one join."""

    catalog: Catalog
    entity: Entity
    soql: str
    #: Lower-case parent path: (alias, object, relationship's name).
    joins: dict[tuple[str, ...], tuple[str, Entity, str]] = field(default_factory=dict)
    _clauses: list[str] = field(default_factory=list)

    def field(self, path: Path) -> tuple[str, Column]:
        """Return the SQL expression and the column of *path*; a formula reads through its own path."""
        alias, entity = self._parent(path, self.catalog)
        column = entity.column(path.names[-1])
        if column is None:
            raise unknown_column_in_query(path.names[-1], entity.name, self.soql, path.position)
        if column.formula is None:
            return f'{alias}."{column.name}"', column
        names = (*path.names[:-1], *column.formula.split("."))
        # A formula reads what its reader may not: the whole org, not the reader's view of it.
        alias, entity = self._parent(Path(names, path.position), visible())
        sql = f'{alias}."{names[-1]}"'
        if column.name == "Freshness__c":
            sql = f"case {sql} when 'Late' then 'Unknown' else 'Current' end"
        return sql, column

    def tables(self, first: str = '"{}" as t0') -> str:
        """Return the FROM clause; *first* has a hole for the object's table."""
        return " ".join([first.format(self.entity.name), *self._clauses])

    def _parent(self, path: Path, catalog: Catalog) -> tuple[str, Entity]:
        alias, entity = "t0", catalog.entity(self.entity.name)
        for depth, name in enumerate(path.names[:-1], 1):
            key = tuple(part.lower() for part in path.names[:depth])
            column = entity.relation(name)
            if column is None or column.target is None or depth > 5:
                raise unknown_relation_in_query(name, self.soql, path.position)
            entity = catalog.entity(column.target)
            if key not in self.joins:
                joined = f"t{len(self.joins) + 1}"
                self._clauses.append(
                    f'left join "{entity.name}" as {joined} on {joined}."Id" = {alias}."{column.name}"'
                )
                self.joins[key] = (joined, entity, column.relationship or name)
            alias = self.joins[key][0]
        return alias, entity


def _order(scope: _Scope, path: Path, descending: bool, nulls_last: bool) -> str:
    sql, column = scope.field(path)
    if not column.filterable or column.type == "multipicklist":
        message = f"field '{column.name}' can not be sorted in a query call"
        raise QueryError("MALFORMED_QUERY", message, scope.soql, path.position)
    return f"{sql} {'desc' if descending else 'asc'} nulls {'last' if nulls_last else 'first'}"


def _condition(scope: _Scope, condition: Condition, values: list[Stored]) -> str:
    """Return SQL for *condition* and add its values to *values*.

    SOQL knows two truth values: what SQL calls unknown is false, and so its negation is true.
    """
    if isinstance(condition, Logic):
        parts = [_condition(scope, part, values) for part in condition.parts]
        if condition.operator == "not":
            return f"not coalesce({parts[0]}, 0)"
        return f"({f' {condition.operator} '.join(parts)})"
    sql, column = scope.field(condition.path)
    _check_operator(scope, column, condition)
    given = [_value(scope, column, literal) for literal in condition.values]
    if condition.operator in ("in", "not in"):
        values.append(json.dumps([value for value in given if value is not None]))
        member = f"{sql} in (select value from json_each(?))"
        member = f"({member} or {sql} is null)" if None in given else member
        return member if condition.operator == "in" else f"not coalesce({member}, 0)"
    values.append(given[0])
    if condition.operator in ("=", "!="):
        return f"{sql} {'is' if condition.operator == '=' else 'is not'} ?"
    if condition.operator == "like":
        return f"{sql} like ? escape '\\'"
    return f"{sql} {condition.operator} ?"


def _check_operator(scope: _Scope, column: Column, condition: Comparison) -> None:
    at = condition.path.position
    if not column.filterable:
        message = f"field '{column.name}' can not be filtered in a query call"
        raise QueryError("INVALID_FIELD", message, scope.soql, at)
    textual = column.type not in _KINDS and column.type not in _IDS
    ordered = condition.operator in ("<", ">", "<=", ">=")
    if (condition.operator == "like" and not textual) or (ordered and column.type in ("boolean", "multipicklist")):
        message = f"invalid operator on {column.type} field"
        raise QueryError("INVALID_QUERY_FILTER_OPERATOR", message, scope.soql, at)


def _value(scope: _Scope, column: Column, literal: Literal) -> Stored:
    """Return *literal* as the store keeps such a value, or refuse a literal of another type than the field."""
    wanted = _KINDS.get(column.type, "string")
    if literal.kind == "null":
        return None
    if literal.kind != wanted:
        named = {"datetime": "dateTime", "number": "double" if column.type != "int" else "int"}.get(wanted, wanted)
        quotes = "should be enclosed" if wanted == "string" else "should not be enclosed"
        message = f"value of filter criterion for field '{column.name}' must be of type {named} and {quotes} in quotes"
        raise QueryError("INVALID_FIELD", message, scope.soql, literal.position)
    if column.type in _IDS:
        if not literal.text.isalnum() or len(literal.text) not in (15, 18):
            message = f"invalid ID field: {literal.text}"
            raise QueryError("INVALID_QUERY_FILTER_OPERATOR", message, scope.soql, literal.position)
        return with_checksum(literal.text)
    if wanted == "number":
        return float(literal.text)
    if wanted == "boolean":
        return int(literal.text == "true")
    return _time(scope, literal) if wanted in ("date", "datetime") else literal.text


def _time(scope: _Scope, literal: Literal) -> str:
    try:
        at = datetime.fromisoformat(literal.text).astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"Invalid date: {literal.text}"
        raise QueryError("INVALID_FIELD", message, scope.soql, literal.position) from None
    if literal.kind == "date":
        return literal.text
    # Milliseconds stay: 10:00:00.500 lies after everything stamped 10:00:00.
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"
