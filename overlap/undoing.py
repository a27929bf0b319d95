"""Take back what was written: every field as it was before, unless somebody has changed it since. Pure.

A record that was made is retired, never deleted. The record of a partner stays: others point to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from overlap.fields import BY_NAME, INFLUENCE, OVERLAP
from overlap.plan import Action, Change

Place = tuple[str, str]
#: What a record that we made says when it is taken back.
_RETIRED: Final[Mapping[str, Mapping[str, Any]]] = {
    OVERLAP.name: {"status": "Retired"},
    INFLUENCE.name: {"suggestion_state": "Withdrawn"},
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A field (or, without *field*, a record) that stays as it is, and why."""

    object_name: str
    key: str
    label: str
    field: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Undoing:
    """The changes that take something back, and what cannot be."""

    changes: tuple[Change, ...]
    refused: tuple[Refusal, ...]


@dataclass(slots=True)
class _Record:
    """Everything that was written to one record: by field, the value written last and the one before all of it."""

    newest: Change
    created: bool = False
    adopted: bool = False
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)  # somebody else wrote between two of ours: no further back

    def add(self, older: Change) -> None:
        """Take in a change that was written before those known already."""
        self.created |= older.action is Action.CREATE
        self.adopted |= older.action is Action.ADOPT
        for name, written in older.new.items():
            if name not in self.fields:
                self.fields[name] = (written, older.old[name])
            elif name not in self.cut and self.fields[name][1] == written:
                self.fields[name] = (self.fields[name][0], older.old[name])
            else:
                self.cut.add(name)


def take_back(
    done: Iterable[Change],
    now: Mapping[Place, Mapping[str, Any] | None],
    written: Mapping[Place, Mapping[str, Any]],
    today: date,
) -> Undoing:
    """Return the changes that bring the records of *done* back to what they said before it.

    *done* are changes as they were sent, the newest first, each with its before-image as *old*. *now* is what the CRM
    says of their records, *written* what it last took from us, both by object and key.
    """
    records: dict[Place, _Record] = {}
    for change in done:
        place = change.object_name, change.key
        records.setdefault(place, _Record(change)).add(change)
    changes: list[Change] = []
    refused: list[Refusal] = []
    for place, record in records.items():
        said = now.get(place)
        if said is None:
            refused.append(_refusal(record.newest, None, "the record is gone from the CRM"))
            continue
        before, why_not = _wanted(record, said, written.get(place, {}), today)
        refused += [_refusal(record.newest, name, why) for name, why in why_not.items()]
        if before.keys() - BY_NAME[place[0]].bookkeeping:
            changes.append(_change(record, said, before))
    return Undoing(tuple(changes), tuple(refused))


def _wanted(
    record: _Record, said: Mapping[str, Any], written: Mapping[str, Any], today: date
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return (what the record is to say again, why other fields stay), by field."""
    name = record.newest.object_name
    bookkeeping = BY_NAME[name].bookkeeping
    targets = {one: before for one, (_, before) in record.fields.items()}
    if record.created:
        targets = dict(_RETIRED.get(name, {}))
    wanted: dict[str, Any] = {}
    why_not: dict[str, str] = {}
    for one, target in targets.items():
        ours = record.fields.get(one, (None, None))[0]
        if said[one] == target:
            continue
        if said[one] == ours:
            wanted[one] = target
        elif one not in bookkeeping:
            again = written.get(one, ours) != ours
            why_not[one] = (
                "a later plan wrote it again: undo that one first" if again else "somebody changed it in the CRM since"
            )
    if record.created and wanted:
        wanted |= {one: today for one in bookkeeping if one.endswith("changed_on") and said[one] != today}
    return wanted, why_not


def _change(record: _Record, said: Mapping[str, Any], before: Mapping[str, Any]) -> Change:
    action = Action.RETIRE if record.created else Action.ADOPT if record.adopted else Action.UPDATE
    newest = record.newest
    return Change(
        crm=newest.crm,
        object_name=newest.object_name,
        key=newest.key,
        record_id=said["id"],
        action=action,
        label=newest.label,
        partner=newest.partner,
        account_id=newest.account_id,
        cause="undo",
        old={name: said[name] for name in before},
        new=dict(before),
    )


def _refusal(change: Change, name: str | None, why: str) -> Refusal:
    return Refusal(change.object_name, change.key, change.label, name, why)
