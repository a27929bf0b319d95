"""Whether we may see and edit the records themselves. A record that sharing hides looks like one that was deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from connectors.base import Finding
from connectors.salesforce import soql
from connectors.salesforce.pages import value
from connectors.salesforce.session import SalesforceSession
from connectors.salesforce.tooling import asked
from overlap.errors import AccessError

#: The CRM's own objects that carry fields of ours.
_EDITED: Final = ("Account", "Opportunity")
_SEE_ALL: Final = "assign the permission set Overlap_Integration, which holds View All, to this user"
#: Salesforce's own count is a little old; below this share of it, records are missing.
_LEAST_SEEN: Final = 0.9
#: As many records as one question about access may name.
_SAMPLE: Final = 200
_COUNTS: Final = {"sObjects?": [{"name": str, "count": int}]}


def record_access(
    session: SalesforceSession, user_id: str, names: Sequence[str], flat_fields: bool
) -> Iterator[Finding]:
    """Yield whether every record of the objects *names* is seen, and whether other people's may be edited.

    Our own objects need no question about editing: who has Modify All on them sees all of them too.
    """
    everything = _sees_everything(session, user_id, names)
    counts = _counts(session, names)
    for name in names:
        sees_all = None if everything is None else name in everything
        yield seen(name, sees_all, session.count(name), counts.get(name))
        if flat_fields and name in _EDITED:
            yield from _editable(session, user_id, name)


def seen(name: str, sees_all: bool | None, visible: int, counted: int | None) -> Finding:
    """Return whether we see every record of the object *name*.

    *sees_all* says what permissions grant, *counted* how many records the org counts; None where nobody tells.
    """
    subject = f"{name} records"
    if counted is not None and visible < counted * _LEAST_SEEN:
        return Finding(False, subject, f"{visible:,} of about {counted:,} can be seen", _SEE_ALL)
    if sees_all is False:
        detail = f"{visible:,} can be seen; this user has no right to see all, and hidden ones would look deleted"
        return Finding(False, subject, detail, _SEE_ALL)
    if sees_all is None and counted is None:
        return Finding(True, subject, f"{visible:,} can be seen; whether these are all, this user may not ask")
    return Finding(True, subject, f"{visible:,} can be seen, whoever owns them")


def user_id(session: SalesforceSession) -> str | None:
    """Return the id of the user that we are signed in as; None if the org does not say."""
    try:
        root: dict[str, Any] = session.ask("GET", "", dict)
    except AccessError:
        return None
    found = re.search(r"/id/00D\w+/(005\w{12,15})", str(root.get("identity", "")))
    return found[1] if found else None


def _sees_everything(session: SalesforceSession, user: str, names: Sequence[str]) -> set[str] | None:
    """Return those of the objects *names* whose every record *user* may see; None if we may not ask."""
    mine = soql.compare("AssigneeId", "=", user)
    paths = ["PermissionSetId", "PermissionSet.PermissionsViewAllData"]
    sets = asked(session, soql.select("PermissionSetAssignment", paths, [mine]))
    if not sets:  # everybody has one, the profile's: none means that we may not look
        return None
    if any(value(one, "PermissionSet.PermissionsViewAllData") for one in sets):
        return set(names)
    where = [
        soql.one_of("ParentId", [str(one["PermissionSetId"]) for one in sets]),
        soql.one_of("SobjectType", names),
        soql.compare("PermissionsViewAllRecords", "=", True),
    ]
    found = asked(session, soql.select("ObjectPermissions", ["SobjectType"], where))
    return None if found is None else {str(one["SobjectType"]) for one in found}


def _counts(session: SalesforceSession, names: Sequence[str]) -> dict[str, int]:
    """Return how many records the org counts, seen or not, as far as it tells."""
    try:
        reply = session.ask("GET", f"limits/recordCount?sObjects={','.join(names)}", _COUNTS)
    except AccessError:
        return {}
    return {one["name"]: one["count"] for one in reply.get("sObjects") or ()}


def _editable(session: SalesforceSession, user: str, name: str) -> Iterator[Finding]:
    """Yield whether a sample of other people's records may be edited: our fields are written there."""
    others = soql.compare("OwnerId", "!=", user)
    sample = [str(one["Id"]) for one in session.query(soql.select(name, ["Id"], [others], limit=_SAMPLE))]
    if not sample:
        return
    where = [soql.compare("UserId", "=", user), soql.one_of("RecordId", sample)]
    found = asked(session, soql.select("UserRecordAccess", ["RecordId", "HasEditAccess"], where))
    if found is not None:
        yield editable(name, [bool(one["HasEditAccess"]) for one in found])


def editable(name: str, sample: Sequence[bool]) -> Finding:
    """Return whether the records of *sample*, other people's, may be edited."""
    may = sum(sample)
    return Finding(
        may == len(sample),
        f"{name} records",
        f"{may:,} of {len(sample):,} looked at may be edited",
        f"share {name} records with this user for editing, by its role or a sharing rule, or set flat_fields = false",
    )
