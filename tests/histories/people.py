"""Invents what people and partners do between two runs of the job, or while it runs."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from tests.histories.events import KEYS, LATER, Event
from tests.jobs.world import COMPANIES, GLOBEX, INITECH, LISTED, OTHER_SELLER, Row, listed

SITES = ("{}-group.example", "{}.example", "{}-holding.example")
CLAIM = {"Partner Influence": "introduced the CIO", "Influence Date": "2026-02-20"}
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
    "[exclusions.rivals]\nfilter = \"country = 'France'\"\n",
    '[exclusions.rivals]\ndomains = ["alderpumps.com", "cedarrobotics.com"]\n',
)
#: Settings of the connection, one of each line for a world: what becomes of people's edits of ours, bulk jobs, leads.
CONNECTION = (
    ("", 'on_drift = "restore"', 'on_drift = "hold"'),
    ("", "", "bulk_write_from = 2"),
    ("", "", "read_leads = true"),
)


PORTAL_CONNECTION = (CONNECTION[0], ("", "", 'api = "2026-03"', 'api = "v3"'))


class People:
    """Invents what people and partners do, week after week; remembers what the partners list.

    *connections* are the settings of each CRM's connection, one of each line for a world.
    """

    def __init__(self, chance: random.Random, connections: Mapping[str, tuple[tuple[str, ...], ...]]) -> None:
        self._chance = chance
        self._connections = connections
        self._lists: dict[str, dict[str, Row]] = {
            GLOBEX: {row["Account ID"]: row for row in listed(*LISTED)},
            INITECH: {row["Account ID"]: row for row in listed(0, 1, Status="Prospect")},
        }

    def week(self, is_busy: bool) -> tuple[Event, ...]:
        """Return what happens before a run; a busy week has something to write for every object."""
        happened = [self._somewhere(self._one()) for _ in range(self._chance.choice((2, 3, 4)) + 2 * is_busy)]
        for partner in (GLOBEX, INITECH):
            if is_busy or self._chance.random() < 0.7:
                for _ in range(self._chance.choice((1, 2, 3)) if is_busy or self._chance.random() < 0.8 else 0):
                    self._edit_list(self._lists[partner])
                happened.append(Event("list", {"partner": partner, "rows": list(self._lists[partner].values())}))
        return tuple(happened)

    @property
    def crms(self) -> list[str]:
        """Where people work."""
        return list(self._connections)

    def wishes(self) -> tuple[Event, ...]:
        """Return how this world's connections are set up."""
        return tuple(
            Event("connection", {"lines": [self._chance.choice(lines) for lines in connection]}, crm)
            for crm, connection in self._connections.items()
        )

    def slow(self) -> Event:
        """Return an edit of an account that is committed while the job is at work.

        Nothing that such an edit says makes an overlap: whether the job has seen it would show for ever.
        """
        number = self._chance.randrange(len(COMPANIES))
        said = ({"OwnerId": OTHER_SELLER}, {"Type": "Customer - Direct"}, {"NumberOfEmployees": 70})
        what = {"number": number, "set": self._chance.choice(said), "requests": self._chance.randrange(1, 60)}
        return self._somewhere(Event("long transaction", what))

    def race(self, is_last: bool) -> tuple[Event, ...]:
        """Return what people do while the job runs: it may find it or not, and the week after must put all right."""
        kinds = ["edit", "edit", "edit own", "edit flat", *(() if is_last else ("delete",))]
        edits = (self._edit(self._chance.choice(kinds)) for _ in range(self._chance.choice((1, 1, 2))))
        return tuple(self._somewhere(event) for event in edits)

    def _somewhere(self, event: Event) -> Event:
        return replace(event, crm=self._chance.choice(self.crms) if len(self.crms) > 1 else self.crms[0])

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
            Event("lead made", {"later": self._chance.randrange(len(LATER))}),
            Event("lead converted", {"number": number}),
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
