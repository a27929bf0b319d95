"""A plan: what a CRM should say and does not. A frozen value, bound to the run, settings and org it was made for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

#: The cause of a retirement that a person's verdict asked for.
JUDGED_DIFFERENT: Final = "judged different"


class Action(StrEnum):
    """What a change does to its record."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"  # fill the empty engine fields of a record that a person made
    RETIRE = "retire"  # an overlap becomes Retired, a suggestion Withdrawn; nothing is ever deleted
    CLEAR = "clear"  # flat fields of an account or opportunity that has no overlap any more


@dataclass(frozen=True, slots=True)
class Change:
    """One record's intended change. *old* and *new* have the same fields, all owned by the engine.

    *record_id* is None where the record does not exist yet. *partner* and *account_id* say whom it is about, *label*
    names it for a person, *cause* says why.
    """

    crm: str
    object_name: str
    key: str
    record_id: str | None
    action: Action
    label: str
    partner: str | None
    account_id: str | None
    cause: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]


class Outcome(StrEnum):
    """What becomes of a field of ours that a person changed."""

    KEPT = "kept"  # left as the person wrote it
    RESTORED = "restored"  # written again as it was: the facts did not move
    OVERWRITTEN = "overwritten"  # the fact itself moved since


@dataclass(frozen=True, slots=True)
class Drift:
    """A field of ours whose value in the CRM (*found*) is not what we last wrote (*written*)."""

    object_name: str
    key: str
    label: str
    field: str
    written: Any
    found: Any
    wanted: Any
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """All changes for one CRM. *held* are reasons why a person must approve; *notes* are worth reading.

    *unchanged* counts records that say already what they should, by object. *calls* says about how many API calls it
    takes, *undoes* which plans it takes back.
    """

    id: str
    run_id: str
    crm: str
    org_id: str
    settings_hash: str
    created_at: datetime
    changes: tuple[Change, ...]
    unchanged: Mapping[str, int]
    held: tuple[str, ...]
    notes: tuple[str, ...]
    calls: int = 0
    drift: tuple[Drift, ...] = ()
    undoes: tuple[int, ...] = ()

    def count(self, *actions: Action) -> int:
        """Return how many changes have one of *actions*."""
        return sum(change.action in actions for change in self.changes)
