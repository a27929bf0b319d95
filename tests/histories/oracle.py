"""What must hold of a week, told from the org's own books and the ledger's tables, without our code."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from connectors.sandbox.store import Change, Store
from tests.histories.events import KEYS
from tests.jobs.conftest import HUMAN_OWNED

#: The files of a workspace that hold a secret.
SECRETS = ("consumer_secret", "token")
#: (object, key): a record of ours by its key, one of the CRM's own by its id.
Place = tuple[str, str]
#: A raced record may have changed in this week or in the one that put it right.
_DAYS = ("Changed_On__c", "Overlap_Changed_On__c")
#: What goes empty with the deletion of the partner that a record points to: the link, and what is read through it.
_OF_PARTNER = ("Partner__c", "Partner_Name__c", "As_Of__c")


@dataclass(frozen=True)
class Count:
    """What a week of API writes came to. *repeated* ones changed nothing, or said what the API had said before.

    *unavoidable* are repeats of records of which a write was taken so late that nobody could know of it.
    """

    problems: tuple[str, ...] = ()
    effective: int = 0
    repeated: int = 0
    unavoidable: int = 0


@dataclass(frozen=True)
class Edit:
    """What a person did in *week* to a field of a record of *crm* while the job ran: what it said before and after."""

    week: int
    crm: str
    place: Place
    name: str
    before: Any
    after: Any

    @property
    def field(self) -> tuple[int, Place, str]:
        """What a history and its twin have in common of it."""
        return self.week, self.place, self.name


def overtaken(edits: Iterable[Edit], twins: Iterable[Edit]) -> list[Edit]:
    """Return those of *edits* that came after a write of ours in one of both orgs only, and emptied no field.

    An emptied field is written again, whoever came last.
    """
    before = {one.field: one.before for one in twins}
    return [one for one in edits if one.after not in (None, "") and before.get(one.field, one.before) != one.before]


def written(changes: Iterable[Change], api_user: str, late: frozenset[str] = frozenset()) -> Count:
    """Judge the *changes* of one week; *late* are records of which a write was taken long after its reply was lost."""
    problems: list[str] = []
    said: dict[tuple[str, str], set[str]] = {}
    effective = repeated = unavoidable = 0
    for change in changes:
        if change.user != api_user:
            for name in change.changed:
                said.pop((change.id, name), None)
            continue
        theirs = HUMAN_OWNED[change.object_name] & change.changed.keys() if change.operation == "update" else set()
        foreign = {name for name in change.changed if change.object_name in ("Account", "Opportunity")} - {
            name for name in change.changed if name.startswith("Overlap_")
        }
        problems += [f"{change.object_name} {change.id}: {name} is people's" for name in sorted(theirs | foreign)]
        again = [n for n, (_, new) in change.changed.items() if json.dumps(new) in said.get((change.id, n), ())]
        if (again or not change.effective) and change.id in late:
            unavoidable += 1
        elif again or not change.effective:
            repeated += 1
            problems.append(f"{change.object_name} {change.id}: {', '.join(again) or 'nothing'} written again")
        effective += change.effective
        for name, (_, new) in change.changed.items():
            said.setdefault((change.id, name), set()).add(json.dumps(new))
    return Count(tuple(problems), effective, repeated, unavoidable)


def sent(bodies: Iterable[str]) -> list[str]:
    """Return what is wrong with the payloads *bodies*: fields in them that people own."""
    problems = []
    for body in bodies:
        for record in json.loads(body)["records"]:
            kind = record["attributes"]["type"]
            theirs = HUMAN_OWNED[kind] & record.keys()
            problems += [f"{kind}: {name} is people's and was sent" for name in sorted(theirs)]
    return problems


def uploaded(loads: Iterable[tuple[str, str]], objects: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the CSV files *loads*, (job, text); *objects* are those of the jobs."""
    problems = []
    for job, text in loads:
        theirs = HUMAN_OWNED[objects[job]] & set(text.partition("\n")[0].strip().split(","))
        problems += [f"{objects[job]}: {name} is people's and was uploaded" for name in sorted(theirs)]
    return problems


def doubles(store: Store) -> list[str]:
    """Return the keys that two live records have."""
    counts = Counter(
        (name, row[key]) for name, key in KEYS.items() for row in store.records(name) if not row["IsDeleted"]
    )
    return [f"{name}: {key} stands twice" for (name, key), count in counts.items() if count > 1 and key]


def kept_books(
    ledger: Path,
    changes: Iterable[Change],
    raced: Iterable[str],
    in_parts: Collection[str] = (),
    late: Collection[str] = (),
) -> list[str]:
    """Hold the outbox against the CRMs' *changes* by the API: each is acknowledged once, and nothing is in flight.

    The CRMs *in_parts* take a record's properties first and its links then: each try may bring a part, and both parts
    at two times where the record is one of those of which something was taken *late*.
    """
    with closing(sqlite3.connect(ledger)) as connection:
        states = dict(connection.execute("select state, count(*) from outbox group by state").fetchall())
        sql = "select record_id, attempts, crm from outbox join plans on plans.id = plan_id where state = ?"
        rows = connection.execute(sql, ("acknowledged",)).fetchall()
    acknowledged, most = Counter(record for record, *_ in rows), Counter[str]()
    for record, attempts, crm in rows:
        most[record] += attempts + (record in late) if crm in in_parts else 1
    taken = Counter(change.id for change in changes if change.effective)
    apart = sorted({*acknowledged, *taken} - set(raced))
    problems = [
        f"{record}: {taken[record]} writes taken, {acknowledged[record]} acknowledged"
        for record in apart
        if not acknowledged[record] <= taken[record] <= most[record]
    ]
    problems += [f"{states[state]} changes are {state} at the end" for state in ("pending", "sent") if state in states]
    return problems


def kept_rows(ledger: Path) -> list[str]:
    """Return what was lost of partners' lists: each row is accepted, in quarantine or a duplicate."""
    sql = "select id, partner, rows_in - rows_out - quarantined - duplicates from lists"
    with closing(sqlite3.connect(ledger)) as connection:
        return [
            f"list {number} of {partner} lost {lost} rows" for number, partner, lost in connection.execute(sql) if lost
        ]


def whole_runs(runs: Path) -> list[str]:
    """Return which runs are not whole: each holds the bytes that its manifest names, and no others."""
    problems = []
    for run in (folder for folder in runs.iterdir() if folder.name.isdecimal()):
        manifest = json.loads((run / "manifest.json").read_bytes())
        named = {name: told["sha256"] for name, told in manifest["files"].items()}
        found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in run.glob("*.parquet")}
        problems += [f"run {run.name} is not what its manifest says"] if named != found else []
    return problems


def leaked(workspace: Path, said: Iterable[Path]) -> list[str]:
    """Return the files of *workspace*, and of what the commands *said*, in which one of its secrets stands."""
    kept = [file for file in workspace.iterdir() if file.name in SECRETS]
    secrets = [file.read_bytes() for file in kept]
    others = [file for file in workspace.rglob("*") if file.is_file() and file not in kept]
    return [
        f"{file.name} holds a secret"
        for file in (*others, *said)
        if any(secret in text for text in (file.read_bytes(),) for secret in secrets)
    ]


def differences(
    ours: Mapping[Place, Mapping[str, Any]],
    twins: Mapping[Place, Mapping[str, Any]],
    racing: frozenset[Place],
    raced: frozenset[Place],
    before: Mapping[Place, Mapping[str, Any]] = MappingProxyType({}),
    edits: Iterable[Edit] = (),
    kept: Iterable[Edit] = (),
) -> list[str]:
    """Return where the org differs from its twin.

    A record that people change while the job runs says what came last, and that is right: *racing* ones, of this week,
    are left to the next, and so is what points to them, or did *before*: a deletion empties links. It puts them right;
    only the day on which a *raced* one, or what points to it, changed may be either. A deleted record is a deleted
    record, whatever it says (of the CRM's own only raced ones), and a retired one is let be: it may lack what a deleted
    partner gave it, and say what racing *edits* brought. A link to a raced record that was deleted is there, or was
    never made. And edits that are *kept* if they come after a write of ours stand in one org or in both.
    """
    problems = []
    wrote, stays = ({(one.place, one.name): one.after for one in some} for some in (edits, kept))
    undated = raced | _pointing(raced, ours, twins)
    gone = {place[1] for place in raced if place[0] in KEYS and all(_is_deleted(one, place) for one in (ours, twins))}
    for place in sorted({*ours, *twins} - racing - _pointing(racing, ours, twins, before)):
        mine, other = ours.get(place), twins.get(place)
        is_let_be = place[0] in KEYS or place in raced
        if is_let_be and mine and other and mine.get("IsDeleted") and other.get("IsDeleted"):
            continue
        if mine is None or other is None:
            problems.append(f"{place}: {'missing' if mine is None else 'not in the twin'}")
            continue
        names = [n for n in sorted(mine) if mine[n] != other[n] and not (place in undated and n in _DAYS)]
        if place in undated and mine.get("Status__c") == other.get("Status__c") == "Retired":
            names = [n for n in names if n not in _OF_PARTNER or None not in (mine[n], other[n])]
            names = [n for n in names if (place, n) not in wrote or wrote[place, n] not in (mine[n], other[n])]
        names = [n for n in names if not ({mine[n], other[n]} & gone and {mine[n], other[n]} & {"", None})]
        names = [n for n in names if (place, n) not in stays or stays[place, n] not in (mine[n], other[n])]
        problems += [f"{place}: {name} is {mine[name]!r}, the twin says {other[name]!r}" for name in names]
    return problems


def _is_deleted(said: Mapping[Place, Mapping[str, Any]], place: Place) -> bool:
    return bool(said.get(place, {}).get("IsDeleted"))


def _pointing(places: frozenset[Place], *said: Mapping[Place, Mapping[str, Any]]) -> frozenset[Place]:
    """Return what points to one of *places*, in one org or the other."""
    keys = {key for _, key in places}
    return frozenset(place for one in said for place, row in one.items() if keys & set(map(str, row.values())))
