"""Writing one record: every check that HubSpot makes, what it fills in by itself, and a line in the history.

An update that changes no value leaves the record as it was, its time of change too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.sandbox.hubspot.database import Database, Record
from connectors.sandbox.hubspot.errors import Problem, invalid, invalid_properties, taken
from connectors.sandbox.hubspot.schema import COMPANIES, DEALS, ObjectType, Property
from connectors.sandbox.hubspot.values import ValueProblem, accept

#: The history's name for whoever holds the token.
API: Final = "api"
Values = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: the API, or a person by name."""

    database: Database
    user: str = API


def create(author: Author, kind: ObjectType, given: Mapping[str, str]) -> int:
    """Make a record of *kind* with the values *given*, and return its id.

    Raises:
        HubSpotError: HubSpot refuses it.
    """
    database = author.database
    _meet_fault(database)
    values = _checked(author, kind, None, given)
    if kind is COMPANIES and not (values.get("name") or values.get("domain")):
        raise invalid("A company needs at least one of the properties name and domain")
    record, now = database.next_id(), database.stamp()
    values = {kind.created: now, **values, "hs_createdate": now, "hs_object_id": str(record)}
    values |= {"hs_lastmodifieddate": now, **derived(database, kind, {}, values)}
    _check_unique(database, kind, record, values)
    database.insert(kind, record, values)
    changed = {name: [None, value] for name, value in values.items() if value is not None and name in given}
    database.note(author.user, (kind.word, str(record)), "create", changed)
    return record


def update(author: Author, kind: ObjectType, before: Record, given: Mapping[str, str]) -> list[str]:
    """Change the record *before* to the values *given*, and return the names of those that moved.

    Raises:
        HubSpotError: HubSpot refuses it.
    """
    database = author.database
    _meet_fault(database)
    values = _checked(author, kind, before, given)
    _check_unique(database, kind, before.id, values)
    values |= derived(database, kind, before.values, values)
    moved = {name: value for name, value in values.items() if value != before.values.get(name)}
    if moved:
        database.update(kind, before.id, {**moved, "hs_lastmodifieddate": database.stamp()})
        changed = {name: [before.values.get(name), value] for name, value in moved.items()}
        database.note(author.user, (kind.word, str(before.id)), "update", changed)
    return list(moved)


def touch(author: Author, kind: ObjectType, record: int, values: Values) -> None:
    """Set what only HubSpot sets, as part of something that is in the history already."""
    author.database.update(kind, record, {**values, "hs_lastmodifieddate": author.database.stamp()})


def _meet_fault(database: Database) -> None:
    refusal = database.rows_at_fault and database.rows_at_fault.refusal()
    if refusal:
        raise refusal


def _checked(author: Author, kind: ObjectType, before: Record | None, given: Mapping[str, str]) -> Values:
    database = author.database
    definitions = database.properties(kind)
    there = before.values if before else {}
    values: Values = {}
    problems: list[Problem] = []
    for name, value in given.items():
        definition = definitions.get(name)
        if definition is None:
            problems.append(Problem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
        elif definition.read_only:
            message = f'"{name}" is a read only property; its value cannot be set.'
            problems.append(Problem(name, "READ_ONLY_VALUE", message))
        else:
            try:
                values[name] = accept(definition, value, there.get(name))
                _check_owner(database, definition, values[name])
            except ValueProblem as error:
                problems.append(error.problem)
    after = {**there, **values}
    if kind is DEALS and not problems:
        problems += _stage_problems(database, values, after)
    if not problems:
        problems += _missing(database, kind, before is None, after)
    if problems:
        raise invalid_properties(problems, database.portal_id)
    return values


def _check_owner(database: Database, definition: Property, value: str | None) -> None:
    if not definition.owners or value is None:
        return
    found = database.rows("select body from owner where id = ?", (value,))
    if not found or json.loads(found[0][0])["archived"]:
        raise ValueProblem(definition, "INVALID_OWNER_ID", f"Owner {value} does not exist")


def _stage_problems(database: Database, values: Values, after: Values) -> list[Problem]:
    """Return what is wrong with a deal's pipeline and stage; a deal without a pipeline goes to the default one."""
    if not {"pipeline", "dealstage"} & values.keys():
        return []
    name = after.get("pipeline") or "default"
    found = database.rows("select body from pipeline where type_id = ? and id = ?", (DEALS.type_id, name))
    if not found:
        return [Problem("pipeline", "INVALID_OPTION", f"Pipeline ID {name} is not valid")]
    stages = [stage["id"] for stage in json.loads(found[0][0])["stages"]]
    stage = after.get("dealstage")
    if stage is not None and stage not in stages:
        message = f"{stage} was not one of the allowed options: [{', '.join(stages)}]"
        return [Problem("dealstage", "INVALID_OPTION", message)]
    return []


def _missing(database: Database, kind: ObjectType, new: bool, after: Values) -> list[Problem]:
    """Return the properties that the object or a validation rule of the portal asks for, and that are empty."""
    wanted = {name: f'Property "{name}" is required' for name in kind.required} if new else {}
    for rule in database.setting("rules", []):
        applies = rule["type_id"] == kind.type_id and (new or rule["on"] == "always")
        if applies and all(after.get(name) == value for name, value in rule["when"].items()):
            wanted[rule["property"]] = rule["message"] or f'Property "{rule["property"]}" is required'
    return [Problem(name, "REQUIRED_PROPERTY", text) for name, text in wanted.items() if not after.get(name)]


def _check_unique(database: Database, kind: ObjectType, record: int, values: Values) -> None:
    for name, definition in database.properties(kind).items():
        value = values.get(name)
        if not definition.unique or value is None:
            continue
        where = f'"p_{name}" = ? and archived_at is null and id != ?'
        for other in database.select(kind, where, (value, record), ()):
            raise taken((database.portal_id, kind.legacy, name, value), record, other.id)


def derived(database: Database, kind: ObjectType, before: Mapping[str, Any], values: Values) -> Values:
    """Return what HubSpot fills in after a write."""
    if kind is not DEALS:
        return {}
    after = {**before, **values}
    filled: Values = {}
    if "dealstage" in values or "pipeline" in values:
        filled["pipeline"] = name = after.get("pipeline") or "default"
        sql = "select body from pipeline where type_id = ? and id = ?"
        stages = json.loads(database.rows(sql, (DEALS.type_id, name))[0][0])["stages"]
        metadata = next((s["metadata"] for s in stages if s["id"] == after.get("dealstage")), None)
        if metadata is not None:
            won = metadata["isClosed"] == "true" and float(metadata["probability"]) == 1
            filled |= {"hs_is_closed": metadata["isClosed"], "hs_is_closed_won": str(won).lower()}
            filled["hs_deal_stage_probability"] = metadata["probability"]
    if "amount" in values:
        filled["amount_in_home_currency"] = values["amount"]
    return filled
