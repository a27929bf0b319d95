"""What people and partners do to the org and the workspace of a history; `people` invents it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from jobs.stores import judgements, snapshot
from overlap.errors import RecordError
from tests.jobs.world import COMPANIES, SELLER, World

LATER = (  # companies that we and the partners come to know later
    ("Kapok Canvas", "kapokcanvas.com", "Spain"),
    ("Larch Lenses", "larchlenses.com", "Germany"),
    ("Maple Motors", "maplemotors.com", "France"),
)
KEYS = {
    "Overlap_Partner__c": "Partner_Key__c",
    "Partner_Overlap__c": "Overlap_Key__c",
    "Partner_Influence__c": "Influence_Key__c",
}


@dataclass(frozen=True)
class Event:
    """One thing that somebody did; *what* are its facts, *crm* is where, if it was in a CRM."""

    kind: str
    what: Mapping[str, Any]
    crm: str = ""


def targets(world: World, event: Event) -> str | None:
    """Return the key or id of the record that *event* is about, None if there is none (any more)."""
    object_name = event.what.get("object")
    if object_name is None:
        account = world.account_id(event.what["number"])
        return account if _alive(world, "Account", account) else None
    key = KEYS[object_name]
    keys = sorted(row[key] for row in world.store.records(object_name) if row[key] and not row["IsDeleted"])
    return keys[event.what["nth"] % len(keys)] if keys else None


def pair_to_judge(world: World, event: Event) -> tuple[str, str] | None:
    """Return our id and the partner's row of the pair that *event*, a ``judge``, is about, None if there is none.

    ``different`` is said of a pair that the last run found, ``same`` of any account and any row that it knew, and
    ``undo`` of a verdict in force on two such.
    """
    with world.context() as context:
        run = context.ledger.pinned("published_run")
        assert run is not None
        accounts, rows, matches = snapshot.read(context.workspace.runs, run, "accounts", "partner_accounts", "matches")
        in_force = judgements.in_force(context.ledger)
    ours, theirs = accounts.select("crm", ours_id="id"), rows.select("partner", theirs_id="id")
    known = ours.filter(crm=event.crm).join(theirs, how="cross")
    said_of = {"different": matches, "undo": in_force, "same": known}[event.what["verdict"]]
    pairs = sorted(known.join(said_of, on=known.columns, how="semi").select("ours_id", "partner", "theirs_id").rows())
    if not pairs:
        return None
    ours_id, partner, theirs_id = pairs[event.what["number"] * len(pairs) // len(COMPANIES)]
    return ours_id, f"{partner}:{theirs_id}"


def edit(world: World, event: Event, target: str) -> None:
    """Let a person do *event*, an edit or a deletion, to the record *target*; one that is gone is let be."""
    object_name = event.what.get("object", "Account")
    with suppress(RecordError):
        if event.kind == "delete":
            world.store.delete(object_name, target, user="Ada")
        else:
            world.store.edit(object_name, target, event.what["set"], user="Ada")


def happen(world: World, event: Event) -> None:
    """Let *event* happen, but for ``judge``, which is a command.

    What it is about may be gone, and the CRM may refuse it to a person as to anybody: then nothing happens.
    """
    with suppress(RecordError):
        _happen(world, event)
    world.store.set_time(world.now)


def _happen(world: World, event: Event) -> None:
    what, store = event.what, world.store
    match event.kind:
        case "list":
            world.send(what["partner"], what["rows"])
        case "settings":
            path = world.folder / "overlap.toml"
            base = path.read_text(encoding="utf-8").partition("# since then\n")[0]
            path.write_text(f"{base}# since then\n{what['text']}", encoding="utf-8")
        case "connection":
            path = world.folder / "overlap.toml"
            text = path.read_text(encoding="utf-8")
            begin = f'type = "{event.crm}"'  # the line below which those of the connection stand
            path.write_text(text.replace(begin, "\n".join(filter(None, (begin, *what["lines"])))), encoding="utf-8")
        case "long transaction":
            arguments = ("Account", world.account_id(what["number"]), what["set"])
            store.in_a_long_transaction("edit", *arguments, requests=what["requests"])
        case "lead made":
            name, site, country = LATER[what["later"]]
            values = {"LastName": "Ito", "Company": name, "Website": site, "Country": country, "OwnerId": SELLER}
            store.create("Lead", values, user="Ada")
        case "lead converted" if _alive(world, "Account", world.account_id(what["number"])):
            leads = sorted(row["Id"] for row in store.records("Lead") if not row["IsConverted"])
            if leads:
                store.convert_lead(leads[0], world.account_id(what["number"]), user="Ada")
        case "account" | "late commit" | "account deleted":
            _to_account(world, event)
        case "account made":
            name, site, country = LATER[what["later"]]
            values = {"Name": name, "Website": site, "BillingCountry": country, "OwnerId": SELLER}
            store.create("Account", values, user="Ada")
        case "deal" | "deal deleted" if _alive(world, "Opportunity", world.deal_id(what["number"])):
            if event.kind == "deal":
                store.edit("Opportunity", world.deal_id(what["number"]), what["set"])
            else:
                store.delete("Opportunity", world.deal_id(what["number"]))
        case "deal made" if _alive(world, "Account", world.account_id(what["number"])):
            values = {"Name": "another deal", "StageName": "Qualification", "CloseDate": "2026-09-30"}
            store.create("Opportunity", {"AccountId": world.account_id(what["number"]), **values}, user="Ada")
        case "influence made" if _alive(world, "Opportunity", world.deal_id(what["number"])):
            partners = sorted(r["Id"] for r in store.records("Overlap_Partner__c") if not r["IsDeleted"])
            values = {"Opportunity__c": world.deal_id(what["number"]), "Status__c": "Proposed"}
            with suppress(RecordError):  # a deal that is won takes no more influence
                if partners:
                    store.create("Partner_Influence__c", {"Partner__c": partners[0], **values}, user="Ada")
        case "accounts merged" if what["number"] != what["loser"]:
            pair = [world.account_id(what[name]) for name in ("number", "loser")]
            if all(_alive(world, "Account", one) for one in pair):
                store.merge("Account", *pair)
        case "account restored" if not _alive(world, "Account", world.account_id(what["number"])):
            store.undelete("Account", world.account_id(what["number"]))
        case "user":
            store.edit("User", what["id"], what["set"])
        case "edit" | "edit weighty" | "edit own" | "edit flat" | "delete":
            target = targets(world, event)
            if target is not None:
                edit(world, event, target)


def _to_account(world: World, event: Event) -> None:
    store, target = world.store, world.account_id(event.what["number"])
    if not _alive(world, "Account", target):
        return
    if event.kind == "account deleted":
        store.delete("Account", target)
        return
    if event.kind == "late commit":
        # It was saved before the last pull looked, and shows up only now.
        store.set_time(world.now - timedelta(days=7, hours=5))
    store.edit("Account", target, event.what["set"], user="Ada")


def _alive(world: World, object_name: str, record_id: str) -> bool:
    return any(row["Id"] == record_id and not row["IsDeleted"] for row in world.store.records(object_name))
