"""Give users our permission sets, one by one and by name: nothing is assigned that nobody asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connectors.salesforce import soql
from connectors.salesforce.session import SalesforceSession
from connectors.salesforce.setup.permissions import EDITOR, INTEGRATION, MANAGER, READER
from overlap.errors import AccessError, ConfigError

#: How the command line calls the permission sets.
SHORT: Final = {"integration": INTEGRATION, "reader": READER, "editor": EDITOR, "manager": MANAGER}


@dataclass(frozen=True, slots=True)
class Assignment:
    """*permission_set* is given to the user called *username*."""

    permission_set: str
    username: str


def read_assignment(text: str) -> Assignment:
    """Return what ``reader=anna@acme.com`` says; without a set it is the integration's.

    Raises:
        ConfigError: there is no such set, or no name.
    """
    short, sign, username = text.partition("=")
    if not sign:
        short, username = "integration", text
    if short not in SHORT:
        raise ConfigError(f"there is no permission set '{short}' to assign; known: {', '.join(SHORT)}")
    if not username:
        raise ConfigError(f"'{text}' names nobody to assign it to; write {short}=USERNAME")
    return Assignment(SHORT[short], username)


def users(session: SalesforceSession, wanted: Sequence[Assignment]) -> dict[str, str]:
    """Return the ids of the users of *wanted* by username.

    Raises:
        ConfigError: the org has no such active user.
    """
    found = {}
    for username in dict.fromkeys(one.username for one in wanted):
        where = [soql.compare("Username", "=", username), soql.compare("IsActive", "=", True)]
        record = next(session.query(soql.select("User", ["Id"], where)), None)
        if record is None:
            raise ConfigError(
                f"{session.where}: there is no active user '{username}'; write the username as Setup has it"
            )
        found[username] = str(record["Id"])
    return found


def assign(session: SalesforceSession, one: Assignment, user_id: str) -> bool:
    """Assign it, and return whether it is new: who has it keeps it.

    Raises:
        AccessError: the set is not deployed, or we may not assign it.
    """
    query = soql.select("PermissionSet", ["Id"], [soql.compare("Name", "=", one.permission_set)])
    found = next(session.query(query), None)
    if found is None:
        raise AccessError(f"{session.where}: there is no permission set {one.permission_set}; deploy it with --apply")
    pair = {"AssigneeId": user_id, "PermissionSetId": str(found["Id"])}
    where = [soql.compare(name, "=", value) for name, value in pair.items()]
    if next(session.query(soql.select("PermissionSetAssignment", ["Id"], where)), None) is not None:
        return False
    session.send("POST", "sobjects/PermissionSetAssignment", json.dumps(pair).encode())
    return True
