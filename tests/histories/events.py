"""What people and partners do between two runs of the job, or while it runs."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from overlap.errors import RecordError
from tests.jobs.world import (
    COMPANIES,
    GLOBEX,
    INITECH,
    LISTED,
    OTHER_SELLER,
    SELLER,
    Row,
    World,
    account_id,
    deal_id,
    listed,
)

LATER = (  # companies that we and the partners come to know later
    ("Kapok Canvas", "kapokcanvas.com", "Spain"),
    ("Larch Lenses", "larchlenses.com", "Germany"),
    ("Maple Motors", "maplemotors.com", "France"),
)
SITES = ("{}-group.example", "{}.example", "{}-holding.example")
CLAIM = {"Partner Influence": "introduced the CIO", "Influence Date": "2026-02-20"}
KEYS = {
    "Overlap_Partner__c": "Partner_Key__c",
    "Partner_Overlap__c": "Overlap_Key__c",
    "Partner_Influence__c": "Influence_Key__c",
}
#: What people write into fields of theirs, and into fields of ours that they may not know to be ours.
THEIRS = (
    ("Partner_Overlap__c", {"Feedback__c": "Working it", "Feedback_Note__c": "called\n\u2028 twice"}),
    ("Partner_Overlap__c", {"Feedback_Note__c": "é"}),
    ("Overlap_Partner__c", {"Tier__c": "Strategic", "Partner_Manager__c": OTHER_SELLER}),
    ("Partner_Influence__c", {"Evidence__c": "Müller <3", "Involvement__c": "Back channel"}),
)
CONFIRMED = {
    "Status__c": "Confirmed",
    "Influence_Type__c": "Endorsement",
    "Influenced_On__c": "2026-02-21",
    "Evidence__c": "They said so",
    "Sourced__c": True,
}
WEIGHTY = (  # these change what the next run finds
    ("Partner_Overlap__c", {"Feedback__c": "Wrong company"}),
    ("Partner_Influence__c", CONFIRMED),
    ("Partner_Influence__c", {"Status__c": "Rejected"}),
)
OURS = (
    ("Partner_Overlap__c", {"Play__c": "Call them"}),
    ("Partner_Overlap__c", {"Match_Reason__c": None, "Priority__c": 1}),
    ("Overlap_Partner__c", {"Feed_Status__c": "Late"}),
)
SETTINGS = (
    '[icp.country]\nweight = 50\nvalues = ["Spain"]\n',
    "[influence]\nmost_per_opportunity = 1\n",
    '[populations]\norder = ["Open Opportunities", "Customers", "Prospects", "Other"]\n',
    '[icp.country]\nweight = 10\nvalues = ["France"]\n[icp]\ntier_a = 90\n',
)


@dataclass(frozen=True)
class Event:
    """One thing that somebody did; *what* are its facts."""

    kind: str
    what: Mapping[str, Any]


class People:
    """Invents what people and partners do, week after week; remembers what the partners list."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lists: dict[str, dict[str, Row]] = {
            GLOBEX: {row["Account ID"]: row for row in listed(*LISTED)},
            INITECH: {row["Account ID"]: row for row in listed(0, 1, Status="Prospect")},
        }

    def week(self, is_busy: bool) -> tuple[Event, ...]:
        """Return what happens before a run; a busy week has something to write for every object."""
        happened = [self._one() for _ in range(self._chance.choice((2, 3, 4)) + 2 * is_busy)]
        for partner in (GLOBEX, INITECH):
            if is_busy or self._chance.random() < 0.7:
                for _ in range(self._chance.choice((1, 2, 3)) if is_busy or self._chance.random() < 0.8 else 0):
                    self._edit_list(self._lists[partner])
                happened.append(Event("list", {"partner": partner, "rows": list(self._lists[partner].values())}))
        return tuple(happened)

    def race(self, is_last: bool) -> tuple[Event, ...]:
        """Return what people do while the job runs: it may find it or not, and the week after must put all right."""
        kinds = ["edit", "edit", "edit own", "edit flat", *(() if is_last else ("delete",))]
        return tuple(self._edit(self._chance.choice(kinds)) for _ in range(self._chance.choice((1, 1, 2))))

    def _one(self) -> Event:
        number = self._chance.randrange(len(COMPANIES))
        deal = self._chance.randrange(3)
        name = COMPANIES[number][0]
        other = self._chance.randrange(len(COMPANIES))
        site = self._chance.choice(SITES).format(name.split()[0].lower())
        kinds: list[Event] = [
            Event("account", {"number": number, "set": {"Name": f"{name} GmbH"}}),
            Event("account", {"number": number, "set": {"Website": site}}),
            Event("account", {"number": number, "set": {"BillingCountry": self._chance.choice(("Italy", None))}}),
            Event("account", {"number": number, "set": {"OwnerId": OTHER_SELLER}}),
            Event("account", {"number": number, "set": {"Type": "Customer - Direct"}}),
            Event("account", {"number": number, "set": {"Partner_Engagement__c": "Off limits"}}),
            Event("late commit", {"number": number, "set": {"Website": f"late-{site}"}}),
            Event("late commit", {"number": number, "set": {"OwnerId": OTHER_SELLER}}),
            Event("account deleted", {"number": number}),
            Event("account made", {"later": self._chance.randrange(len(LATER))}),
            Event("deal", {"number": deal, "set": {"StageName": self._chance.choice(("Closed Won", "Closed Lost"))}}),
            Event("deal", {"number": deal, "set": {"OwnerId": OTHER_SELLER, "Partner_Engagement__c": "Ask me first"}}),
            Event("deal deleted", {"number": deal}),
            Event("deal made", {"number": number}),
            Event("influence made", {"number": deal}),
            Event("user", {"id": OTHER_SELLER, "set": {"IsActive": self._chance.random() < 0.5}}),
            Event("settings", {"text": self._chance.choice(SETTINGS)}),
            Event("accounts merged", {"number": number, "loser": other}),
            Event("account restored", {"number": number}),
            Event("judge", {"number": number, "verdict": self._chance.choice(("different", "same", "undo"))}),
        ]
        people = ("edit", "edit", "edit weighty", "edit own", "edit flat", "delete")
        return self._chance.choice([*kinds, *(self._edit(kind) for kind in people)])

    def _edit(self, kind: str) -> Event:
        if kind == "delete":
            return Event(kind, {"object": self._chance.choice(list(KEYS)), "nth": self._chance.randrange(20)})
        if kind == "edit flat":
            values = {"Overlap_Best_Partner__c": "somebody", "Overlap_Partner_Count__c": None}
            return Event(kind, {"number": self._chance.randrange(len(COMPANIES)), "set": values})
        table = {"edit": THEIRS, "edit weighty": WEIGHTY, "edit own": OURS}[kind]
        object_name, values = self._chance.choice(table)
        return Event(kind, {"object": object_name, "nth": self._chance.randrange(20), "set": values})

    def _edit_list(self, rows: dict[str, Row]) -> None:
        chosen = self._chance.choice(sorted(rows))
        kind = self._chance.choice(("add", "add", "drop", "status", "status", "claim", "contact"))
        if kind == "add":
            company = self._chance.choice([*COMPANIES, *LATER])
            row = listed(0)[0] | dict(zip(("Account Name", "Website", "Country"), company, strict=True))
            row |= (
                {"Account ID": "X-" + company[0].split()[0]}
                if company in LATER
                else {"Account ID": f"X-{COMPANIES.index(company)}"}
            )
            rows[row["Account ID"]] = row
        elif kind == "drop" and len(rows) > 1:  # an empty list is no list
            del rows[chosen]
        elif kind == "status":
            rows[chosen] = rows[chosen] | {"Status": self._chance.choice(("Customer", "Opportunity", "Prospect"))}
        elif kind == "claim":
            rows[chosen] = rows[chosen] | CLAIM
        else:
            rows[chosen] = rows[chosen] | {"Website": ""}


def targets(world: World, event: Event) -> str | None:
    """Return the key or id of the record that *event* is about, None if there is none (any more)."""
    object_name = event.what.get("object")
    if object_name is None:
        return account_id(event.what["number"]) if _alive(world, "Account", account_id(event.what["number"])) else None
    key = KEYS[object_name]
    keys = sorted(row[key] for row in world.store.records(object_name) if row[key] and not row["IsDeleted"])
    return keys[event.what["nth"] % len(keys)] if keys else None


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

    What it is about may be gone, and Salesforce may refuse it to a person as to anybody: then nothing happens.
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
        case "account" | "late commit" | "account deleted" if _alive(world, "Account", account_id(what["number"])):
            _to_account(world, event)
        case "account made":
            name, site, country = LATER[what["later"]]
            values = {"Name": name, "Website": site, "BillingCountry": country, "OwnerId": SELLER}
            store.create("Account", values, user="Ada")
        case "deal" | "deal deleted" if _alive(world, "Opportunity", deal_id(what["number"])):
            if event.kind == "deal":
                store.edit("Opportunity", deal_id(what["number"]), what["set"])
            else:
                store.delete("Opportunity", deal_id(what["number"]))
        case "deal made" if _alive(world, "Account", account_id(what["number"])):
            values = {"Name": "another deal", "StageName": "Qualification", "CloseDate": "2026-09-30"}
            store.create("Opportunity", {"AccountId": account_id(what["number"]), **values}, user="Ada")
        case "influence made" if _alive(world, "Opportunity", deal_id(what["number"])):
            partners = sorted(r["Id"] for r in store.records("Overlap_Partner__c") if not r["IsDeleted"])
            values = {"Opportunity__c": deal_id(what["number"]), "Status__c": "Proposed"}
            with suppress(RecordError):  # a deal that is won takes no more influence
                if partners:
                    store.create("Partner_Influence__c", {"Partner__c": partners[0], **values}, user="Ada")
        case "accounts merged" if what["number"] != what["loser"]:
            pair = [account_id(what[name]) for name in ("number", "loser")]
            if all(_alive(world, "Account", one) for one in pair):
                store.merge("Account", *pair)
        case "account restored" if not _alive(world, "Account", account_id(what["number"])):
            store.undelete("Account", account_id(what["number"]))
        case "user":
            store.edit("User", what["id"], what["set"])
        case "edit" | "edit weighty" | "edit own" | "edit flat" | "delete":
            target = targets(world, event)
            if target is not None:
                edit(world, event, target)


def _to_account(world: World, event: Event) -> None:
    store, target = world.store, account_id(event.what["number"])
    if event.kind == "account deleted":
        store.delete("Account", target)
        return
    if event.kind == "late commit":
        # It was saved before the last pull looked, and shows up only now.
        store.set_time(world.now - timedelta(days=7, hours=5))
    store.edit("Account", target, event.what["set"], user="Ada")


def _alive(world: World, object_name: str, record_id: str) -> bool:
    return any(row["Id"] == record_id and not row["IsDeleted"] for row in world.store.records(object_name))
