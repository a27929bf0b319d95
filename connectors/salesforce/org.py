"""What an org is, and what else in it has a say in what we write: lines of `overlap check`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from connectors.base import Finding
from connectors.salesforce import soql
from connectors.salesforce.objects import OBJECT_NAMES
from connectors.salesforce.pages import value
from connectors.salesforce.session import Describe, SalesforceSession
from connectors.salesforce.setup.automation import STAMP
from connectors.salesforce.setup.objects import validation_rules
from connectors.salesforce.tooling import asked, tooling
from overlap.fields import OBJECTS

#: Limits that a run may meet, by Salesforce's name.
_LIMITS: Final = {
    "DataStorageMB": "MB of data storage",
    "DailyBulkV2QueryJobs": "bulk queries of the day",
    "DailyBulkApiBatches": "bulk batches of the day",
}
#: Share of a limit that must be left.
_LEAST_LEFT: Final = 0.02


def identity(session: SalesforceSession, user_id: str | None) -> Finding:
    """Return who we are, and in which org."""
    paths = ["Name", "OrganizationType", "IsSandbox", "InstanceName"]
    org = session.one(soql.select("Organization", paths))
    kind = "a sandbox" if org["IsSandbox"] else "production"
    who = ""
    if user_id is not None:
        found = session.query(soql.select("User", ["Username"], [soql.compare("Id", "=", user_id)]))
        who = next((f" as {user['Username']}{_kind_of_user(session, user_id)}" for user in found), "")
    where = f"{org['Name']}, {org['OrganizationType']}, {kind} on {org['InstanceName']}"
    return Finding(True, "sign-in", f"signed in to org {session.org_id}{who} ({where})")


def _kind_of_user(session: SalesforceSession, user_id: str) -> str:
    """Return the user's profile and licence in words, nothing where we may not look."""
    own = [soql.compare("AssigneeId", "=", user_id), soql.compare("PermissionSet.IsOwnedByProfile", "=", True)]
    paths = ["PermissionSet.Profile.Name", "PermissionSet.Profile.UserLicense.Name"]
    found = asked(session, soql.select("PermissionSetAssignment", paths, own))
    if not found:
        return ""
    profile, licence = (value(found[0], path) for path in paths)
    return f", profile {profile}, licence {licence}"


#: The shape of the org's answer about limits.
LIMITS: Final = {f"{name}?": {"Remaining": int, "Max": int} for name in _LIMITS}


def limits(body: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield one line for the limits that the org tells, and one for each that is nearly used up."""
    known = {name: body[name] for name in _LIMITS if body.get(name)}
    said = [f"{limit['Remaining']:,} of {limit['Max']:,} {_LIMITS[name]}" for name, limit in known.items()]
    low = [name for name, limit in known.items() if limit["Remaining"] < limit["Max"] * _LEAST_LEFT]
    for name in low:
        limit = known[name]
        remedy = "make room" if name == "DataStorageMB" else "wait until tomorrow, or raise the org's allocation"
        yield Finding(False, "limits", f"only {limit['Remaining']:,} of {limit['Max']:,} {_LIMITS[name]} left", remedy)
    if said and not low:
        yield Finding(True, "limits", "left: " + "; ".join(said))


def shape(account: Describe | None, person_accounts: bool) -> Finding:
    """Return how this org differs from a plain one in what we read; *person_accounts* says that people are read too."""
    fields = account or {}
    currencies = "several currencies" if "CurrencyIsoCode" in fields else "one currency"
    people = "no person accounts"
    if "IsPersonAccount" in fields:
        people = "person accounts are on, and " + ("read like companies" if person_accounts else "left out")
    elif person_accounts:
        people = "no person accounts, although person_accounts = true"
    return Finding(True, "org", f"{currencies}; {people}")


def rules(session: SalesforceSession, deployed: bool) -> Iterator[Finding]:
    """Yield the validation rules and flows of others that may refuse or change what we write, and our own flow.

    *deployed* says that our objects are there: without them, nobody misses the flow.
    """
    names = [OBJECT_NAMES[thing.name] for thing in OBJECTS]
    where = [soql.compare("Active", "=", True), soql.one_of("EntityDefinition.QualifiedApiName", names)]
    paths = ["ValidationName", "EntityDefinition.QualifiedApiName"]
    found = tooling(session, soql.select("ValidationRule", paths, where))
    ours = {rule.name for rule in validation_rules()}
    if found is None:
        yield Finding(True, "rules", "this user may not look at validation rules; a refused record names the rule")
    else:
        every = [f"{value(rule, 'EntityDefinition.QualifiedApiName')}.{rule['ValidationName']}" for rule in found]
        yield from _others("validation rules", [rule for rule in every if rule not in ours])
    yield from _flows(session, names, deployed)


def _flows(session: SalesforceSession, names: list[str], deployed: bool) -> Iterator[Finding]:
    paths = ["ApiName", "IsActive", "TriggerObjectOrEvent.QualifiedApiName"]
    where = [soql.one_of("TriggerObjectOrEvent.QualifiedApiName", names)]
    found = asked(session, soql.select("FlowDefinitionView", paths, where))
    if found is None:
        yield Finding(True, "flow", f"this user may not look at flows; make sure that {STAMP} is active")
        return
    active = [str(flow["ApiName"]) for flow in found if flow["IsActive"]]
    yield from _others("flows", [name for name in active if name != STAMP])
    if STAMP in active:
        yield Finding(True, "flow", f"{STAMP} is active")
    elif STAMP in (str(flow["ApiName"]) for flow in found):
        remedy = "activate it in Setup, Flows: production orgs may take a deployed flow as inactive"
        yield Finding(False, "flow", f"{STAMP} is there and inactive: nobody stamps confirmations", remedy)
    elif deployed:
        remedy = "run 'overlap setup salesforce --apply', which deploys it"
        yield Finding(False, "flow", f"{STAMP} is missing: nobody stamps confirmations", remedy)


def _others(what: str, names: list[str]) -> Iterator[Finding]:
    """Yield a line if others have *what* on the objects that we write: no fault, but where a refusal comes from."""
    if names:
        shown = ", ".join(sorted(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        yield Finding(True, "rules", f"{what} of your own may refuse or change what is written: {shown}")
