"""What a setup would change in an org: every field compared with the org's description, the rest by a fingerprint.

The description shows a user's own view: a field that field-level security hides is missing in it. The Tooling API
tells, if we may ask it. A hidden field is left as it is: nobody can say what about it differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from connectors.salesforce import soql
from connectors.salesforce.objects import OBJECT_NAMES, api_name
from connectors.salesforce.session import Describe, SalesforceSession
from connectors.salesforce.setup import picklists, source
from connectors.salesforce.setup.component import Component, Part
from connectors.salesforce.setup.existing import described_field, own_fields
from connectors.salesforce.setup.fields import FORMULAS, Wanted, custom_fields, full_name
from connectors.salesforce.setup.objects import own_objects
from connectors.salesforce.setup.permissions import INTEGRATION
from connectors.salesforce.tooling import asked, tooling
from overlap.fields import OBJECTS, CrmObject, Field, Kind, Owner


class Action(StrEnum):
    """What is to be done about a component. Only a person can settle a clash: no type is ever changed by us."""

    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"
    HIDDEN = "hidden"
    CLASH = "clash"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a setup's plan. *detail* says what differs."""

    action: Action
    kind: str
    name: str
    detail: str = ""


_TYPES: Final = {
    Kind.TEXT: "string",
    Kind.LONG_TEXT: "textarea",
    Kind.URL: "url",
    Kind.EMAIL: "email",
    Kind.NUMBER: "double",
    Kind.CHECKBOX: "boolean",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime",
    Kind.PICKLIST: "picklist",
    Kind.MULTI_PICKLIST: "multipicklist",
    Kind.LOOKUP: "reference",
}
_LISTS: Final = (Kind.PICKLIST, Kind.MULTI_PICKLIST)
_EVERYTHING_ELSE: Final = "Everything else"
_REST: Final = "tabs, list views, rules, flow, permission sets, reports"


def compared(session: SalesforceSession, wanted: Wanted) -> tuple[Wanted, list[Step]]:
    """Return *wanted* with the fields that the org has, and what there is to do. Changes nothing."""
    described = {thing.name: session.describe(OBJECT_NAMES[thing.name]) for thing in OBJECTS}
    existing = _existing(session)
    wanted = replace(wanted, there=_their_fields(session, described, existing))
    there = wanted.there.keys() | (existing or set())
    steps = [_object(thing, described[thing.name], there) for thing in own_objects()]
    for thing, one in custom_fields(wanted.things):
        steps.append(_field(thing, one, wanted, described[thing.name] or {}, there))
    steps.append(_rest(session, source.fingerprint(wanted)))
    return wanted, steps


def differences(thing: CrmObject, described: Describe) -> list[Step]:
    """Return the fields of *thing* that are described otherwise than they should be; hidden ones are not looked at."""
    steps = [_field(thing, one, Wanted(), described, frozenset()) for _, one in custom_fields((thing,))]
    return [step for step in steps if step.action in (Action.CHANGE, Action.CLASH)]


def to_deploy(wanted: Wanted, steps: Sequence[Step]) -> list[Component]:
    """Return the components that *steps* create or change, and nothing that they leave alone."""
    moved = {(step.kind, step.name) for step in steps if step.action in (Action.CREATE, Action.CHANGE)}
    rest = (_EVERYTHING_ELSE, _REST) in moved
    return [
        one
        for one in source.components(wanted)
        if ((one.kind, one.name) in moved if one.kind in ("CustomObject", "CustomField") else rest)
    ]


def _existing(session: SalesforceSession) -> set[str] | None:
    """Return the full names of the fields of our names that the org has, hidden ones too; None if we may not ask."""
    names = sorted({api_name(one).removesuffix("__c") for _, one in custom_fields(OBJECTS)})
    owners = [OBJECT_NAMES[thing.name] for thing in OBJECTS]
    where = [soql.one_of("DeveloperName", names), soql.one_of("EntityDefinition.QualifiedApiName", owners)]
    query = soql.select("CustomField", ["DeveloperName", "EntityDefinition.QualifiedApiName"], where)
    found = tooling(session, query)
    if found is None:
        return None
    return {f"{row['EntityDefinition']['QualifiedApiName']}.{row['DeveloperName']}__c" for row in found}


def _object(thing: CrmObject, described: Describe | None, there: Set[str]) -> Step:
    name = OBJECT_NAMES[thing.name]
    if described is not None:
        return Step(Action.KEEP, "CustomObject", name)
    hidden = any(field.startswith(f"{name}.") for field in there)
    return Step(Action.HIDDEN if hidden else Action.CREATE, "CustomObject", name)


def _field(thing: CrmObject, one: Field, wanted: Wanted, described: Describe, there: Set[str]) -> Step:
    name = full_name(thing, one)
    facts = described.get(api_name(one))
    if facts is None:
        return Step(Action.HIDDEN if name in there else Action.CREATE, "CustomField", name)
    formula = FORMULAS.get((thing.name, one.name))
    field = wanted.there.get(name) or described_field(facts)
    offered = one.values or (wanted.partners if one.kind is Kind.MULTI_PICKLIST else ())
    new = picklists.missing(offered, field) if one.kind in _LISTS else []
    if clash := "; ".join([*_clashes(one, facts, formula is not None), *picklists.clashes(new, field)]):
        return Step(Action.CLASH, "CustomField", name, clash)
    found = _changes(thing, one, facts) if formula is None else _formula_changes(formula, facts)
    if changes := "; ".join([*found, *([f"new values {', '.join(new)}"] if new else [])]):
        return Step(Action.CHANGE, "CustomField", name, changes)
    off = picklists.switched_off(offered, field) if one.owner is Owner.ENGINE and one.restricted else []
    said = f"{', '.join(off)} is switched off: a record that is to say so will be refused" if off else ""
    return Step(Action.KEEP, "CustomField", name, said)


def _clashes(one: Field, facts: Mapping[str, Any], formula: bool) -> Iterator[str]:
    """Yield what no deployment should change behind a person's back."""
    if facts.get("type") != _TYPES[one.kind]:
        yield f"the org has a {facts.get('type')} of this name, we need a {_TYPES[one.kind]}"
    elif bool(facts.get("calculated")) != formula:
        yield "one is a formula, the other is not"
    elif one.kind is Kind.LOOKUP and facts.get("referenceTo") != [OBJECT_NAMES[one.target or ""]]:
        yield f"the org's points to {', '.join(facts.get('referenceTo') or ['nothing'])}"
    elif not formula and one.kind in (Kind.TEXT, Kind.LONG_TEXT) and int(facts.get("length") or 0) > one.length:
        yield f"the org's holds {facts['length']} characters, ours {one.length}: making it shorter cuts what is in it"
    elif not formula and one.kind is Kind.NUMBER:
        precision, scale = int(facts.get("precision") or 0), int(facts.get("scale") or 0)
        if scale > one.scale or precision - scale > one.length - one.scale:
            yield (
                f"the org's holds {precision - scale} digits before the point and {scale} behind it, ours "
                f"{one.length - one.scale} and {one.scale}: making it narrower cuts what is in it"
            )


def _formula_changes(formula: str, facts: Mapping[str, Any]) -> Iterator[str]:
    theirs = facts.get("calculatedFormula")
    if theirs is not None and "".join(theirs.split()) != "".join(formula.split()):
        yield f"formula {' '.join(theirs.split())} → {formula}"


def _changes(thing: CrmObject, one: Field, facts: Mapping[str, Any]) -> Iterator[str]:
    if one.kind in (Kind.TEXT, Kind.LONG_TEXT) and facts.get("length") != one.length:
        yield f"length {facts.get('length')} → {one.length}"
    if one.kind is Kind.NUMBER and (facts.get("precision"), facts.get("scale")) != (one.length, one.scale):
        yield f"digits {facts.get('precision')},{facts.get('scale')} → {one.length},{one.scale}"
    if one.name == thing.key and not (facts.get("externalId") and facts.get("unique")):
        yield "becomes a unique external id"
    if one.kind is not Kind.CHECKBOX and bool(facts.get("nillable")) == one.required:
        yield "becomes required" if one.required else "is required no more"
    if one.kind in _LISTS and bool(facts.get("restrictedPicklist")) != one.restricted:
        yield "becomes restricted" if one.restricted else "takes any value"


def _their_fields(
    session: SalesforceSession, described: Mapping[str, Describe | None], existing: Set[str] | None
) -> dict[str, list[Part]]:
    """Return the parts of the fields of our names that the org has: its metadata, or else what its descriptions say."""
    seen = {
        full_name(thing, one): described_field(facts)
        for thing, one in custom_fields(OBJECTS)
        if (facts := (described[thing.name] or {}).get(api_name(one))) is not None
    }
    every = {full_name(thing, one) for thing, one in custom_fields(OBJECTS)} if existing is None else existing
    return {**seen, **own_fields(session, sorted(seen.keys() | every))}


def _rest(session: SalesforceSession, fingerprint: str) -> Step:
    query = soql.select("PermissionSet", ["Description"], [soql.compare("Name", "=", INTEGRATION)])
    records = asked(session, query)
    replaced = "what was changed in them by hand is replaced"
    if records is None:
        said = f"this user may not look at Setup: deployed once more; {replaced}"
        return Step(Action.CHANGE, _EVERYTHING_ELSE, _REST, said)
    found = [str(record["Description"]) for record in records]
    if not found:
        return Step(Action.CREATE, _EVERYTHING_ELSE, _REST)
    same = f"Setup {fingerprint}." in found[0]
    said = f"deployed again, as this version and these settings have them; {replaced}"
    return Step(Action.KEEP if same else Action.CHANGE, _EVERYTHING_ELSE, _REST, "" if same else said)
