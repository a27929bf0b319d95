"""What `overlap check` says of an org: one line each, with its remedy. Reads descriptions, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Final

from connectors.base import Finding
from connectors.findings import api_calls, clock
from connectors.salesforce import org
from connectors.salesforce.columns import MAY_BE_ABSENT, Reading, Wishes, none_deployed, readings, visible
from connectors.salesforce.errors import DEPLOY
from connectors.salesforce.mapping import Look, mapped
from connectors.salesforce.objects import OBJECT_NAMES, api_name, key_name
from connectors.salesforce.record_access import record_access, user_id
from connectors.salesforce.session import Describe, SalesforceSession
from connectors.salesforce.setup.difference import Action, differences
from overlap.errors import AccessError, ConfigError
from overlap.fields import INFLUENCE, OBJECTS, CrmObject

#: Objects that are read and whose records no sharing hides by itself.
_UNSHARED: Final = frozenset({"User", "OpportunityPartner"})


def findings(session: SalesforceSession, workspace_id: str, flat_fields: bool, wishes: Wishes) -> list[Finding]:
    """Return what is well and what is not, in the order in which an admin would mend it.

    *flat_fields* says whether the workspace writes fields of ours on accounts and opportunities; without them it is
    no fault that they were never deployed. *wishes* are what the settings read beside the usual.
    """
    server, here = session.server_now(), datetime.now(UTC)
    who = user_id(session)
    found = [
        org.identity(session, who),
        api_calls(
            session.api_calls(),
            "in the last 24 hours",
            "wait until the window rolls on, or raise the org's allocation",
        ),
        *org.limits(session.ask("GET", "limits", org.LIMITS)),
        clock(server, here, "Salesforce"),
    ]
    look = cache(session.describe)
    described = {reading.object_name: look(reading.object_name) for reading in readings("", wishes.read_leads)}
    for reading in readings(workspace_id, wishes.read_leads):
        wanted, bad = asked_for(session.where, reading, wishes, look)
        found += [*bad, *readable(wanted, described[reading.object_name], flat_fields)]
    for thing in OBJECTS:
        found += writable(thing, described[OBJECT_NAMES[thing.name]])
        found += fitting(thing, described[OBJECT_NAMES[thing.name]])
    found.append(org.shape(described["Account"], wishes.person_accounts))
    if who is not None:
        shared = [name for name, fields in described.items() if fields is not None and name not in _UNSHARED]
        found += record_access(session, who, shared, flat_fields)
    return [*found, *org.rules(session, described[OBJECT_NAMES[INFLUENCE.name]] is not None)]


def asked_for(where: str, reading: Reading, wishes: Wishes, look: Look) -> tuple[Reading, list[Finding]]:
    """Return *reading* with the fields that the settings map, and a line for each that cannot be read as asked."""
    wanted = {"Account": wishes.account_fields, "Opportunity": wishes.opportunity_fields}.get(reading.object_name, {})
    if look(reading.object_name) is None:
        return reading, []
    found = []
    for name, path in wanted.items():
        section = f"{reading.object_name.lower()}_fields"
        alone = replace(reading, views=(replace(reading.views[0], columns=(), custom=()),))
        try:
            visible(where, mapped(alone, {name: path}, section, look), look(reading.object_name) or {})
            reading = mapped(reading, {name: path}, section, look)
        except (ConfigError, AccessError) as error:
            remedy = "correct the setting, or run 'overlap setup salesforce': its permission set shows what is mapped"
            found.append(Finding(False, f"{section}.{name}", str(error), remedy))
    return reading, found


def fitting(thing: CrmObject, described: Describe | None) -> Iterator[Finding]:
    """Yield a line for each field that has another type or length than what we write into it."""
    for step in differences(thing, described or {}):
        remedy = (
            "rename the org's own field" if step.action is Action.CLASH else "run 'overlap setup salesforce --plan'"
        )
        yield Finding(False, step.name, step.detail, remedy)


def readable(reading: Reading, described: Describe | None, flat_fields: bool) -> Iterator[Finding]:
    """Yield a line for the object, and one for each field that is missing or hidden."""
    name = reading.object_name
    if described is None:
        detail = "not used in this org" if reading.optional else "the object is missing or hidden"
        remedy = f"{DEPLOY}, or set read_leads = false" if name == "Lead" else DEPLOY
        yield Finding(reading.optional, name, detail, remedy)
        return
    columns = [column for view in reading.views for column in (*view.columns, *view.custom)]
    lost = {column.field for column in columns if column.field not in described} - MAY_BE_ABSENT
    if any(none_deployed(view, described) for view in reading.views):
        lost = {field for field in lost if not field.endswith("__c")}
        remedy = f"{DEPLOY}, or set flat_fields = false"
        yield Finding(not flat_fields, name, "none of overlap's fields is here", remedy)
    if not lost:
        count = len({column.field for column in columns} & described.keys())
        yield Finding(True, name, f"{count} fields can be read")
    for field in sorted(lost):
        remedy = DEPLOY if field.endswith("__c") else "give the integration user access to it"
        yield Finding(False, f"{name}.{field}", "the field is missing or hidden", remedy)


def writable(thing: CrmObject, described: Describe | None) -> Iterator[Finding]:
    """Yield what hinders writing: a key that is no unique external id, and fields that may only be read.

    Fields that cannot even be read are `readable`'s to report.
    """
    if described is None:
        return
    name, key = OBJECT_NAMES[thing.name], key_name(thing)
    facts = described.get(key, {})
    if thing.key is not None and facts and not (facts.get("externalId") and facts.get("unique")):
        yield Finding(False, f"{name}.{key}", "the key is no external id, or not unique", DEPLOY)
    engine = [api_name(field) for field in thing.engine_fields if api_name(field) in described]
    # Accounts and opportunities are never created, our own records are.
    needed = ("updateable", "createable") if thing.key is not None else ("updateable",)
    locked = [field for field in engine if not all(described[field].get(right) for right in needed)]
    for field in locked:
        yield Finding(False, f"{name}.{field}", "the field can be read but not written", DEPLOY)
    if engine and not locked:
        yield Finding(True, name, f"{len(engine)} fields can be written")
