"""What the CRM should say of a world, slowly and record by record: the first half of the planning's oracle.

Texts are taken as they are: that they are cut to fit is tested elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from overlap.fields import OBJECTS
from tests.overlap.agreed import key_by_hand
from tests.overlap.frames import WORKSPACE

Row = dict[str, Any]
OPEN_ROW = {
    "Customers": "Ask for a reference or endorsement",
    "Open Opportunities": "Co-sell",
    "Prospects": "Bring the partner in",
}
LISTS = {
    "overlap_customer_of": "Customers",
    "overlap_open_opportunity_of": "Open Opportunities",
    "overlap_prospect_of": "Prospects",
}


@dataclass
class World:
    """What a run found and what the CRM says, as rows."""

    partners: list[Row]
    accounts: list[Row]
    opportunities: list[Row]
    users: list[Row]
    overlaps: list[Row]
    influences: list[Row]
    confirmed: list[Row]
    fallback: str | None
    most: int
    current: dict[str, list[Row]] = field(default_factory=lambda: {thing.name: [] for thing in OBJECTS})

    def partner_key(self, partner: str) -> str:
        return key_by_hand(WORKSPACE, partner, "", "partner")

    def name_of(self, partner: str) -> str | None:
        return next((row["name"] for row in self.partners if row["partner"] == partner), None)

    def owner(self, user: str | None) -> str | None:
        known = {row["id"]: row["is_active"] for row in self.users}
        return user if known.get(user) else self.fallback

    def off_limits(self, account: str | None, deal: str) -> bool:
        rows = [*self.accounts, *self.opportunities]
        return any(row["id"] in (account, deal) and row["engagement"] == "Off limits" for row in rows)


def desired(world: World) -> dict[str, dict[str, Row]]:
    """What the CRM should say, by object and key; every suggestion with evidence, whether it may be made or not."""
    overlaps = [row for row in world.overlaps if world.name_of(row["partner"])]
    return {
        "overlap_partner": {world.partner_key(row["partner"]): _partner(world, row) for row in world.partners},
        "partner_overlap": {row["key"]: _overlap(world, row) for row in overlaps},
        "partner_influence": {
            row["key"]: _influence(world, row) for row in world.influences if world.name_of(row["partner"])
        },
        "account": _accounts(world, overlaps),
        "opportunity": _deals(world, overlaps),
    }


def _partner(world: World, row: Row) -> Row:
    return {
        "name": row["name"],
        "partner_key": world.partner_key(row["partner"]),
        "workspace": WORKSPACE,
        "partner_account": row["account"],
        "list_as_of": row["as_of"],
        "feed_status": "Late" if row["late"] else "Current",
    }


def _overlap(world: World, row: Row) -> Row:
    same = ("our_population", "partner_population", "our_populations", "partner_populations", "play", "first_seen")
    return {name: row[name] for name in same} | {
        "name": f"{world.name_of(row['partner'])}: {row['account_name']}",
        "overlap_key": row["key"],
        "workspace": WORKSPACE,
        "owner_id": world.owner(row["owner_id"]),
        "account": row["account_id"],
        "partner": world.partner_key(row["partner"]),
        "partner_record_name": row["theirs_name"],
        "partner_record_website": row["theirs_website"],
        "partner_owner_name": row["theirs_owner_name"],
        "partner_owner_email": row["theirs_owner_email"],
        "match_probability": row["probability"],
        "match_relation": row["relation"],
        "match_reason": row["reasons"],
        "icp_fit": row["icp_fit"],
        "icp_tier": row["icp_tier"],
        "priority": row["priority"],
        "changed_on": None,
        "status": "Active",
    }


def _influence(world: World, row: Row) -> Row:
    return {
        "influence_key": row["key"],
        "workspace": WORKSPACE,
        "origin": "Engine",
        "owner_id": world.owner(row["owner_id"]),
        "opportunity": row["opportunity_id"],
        "account": row["account_id"],
        "overlap": row["overlap_key"],
        "partner": world.partner_key(row["partner"]),
        "evidence_summary": row["evidence"],
        "suggestion_state": "Current",
    }


def _joined(names: list[str]) -> str | None:
    return ";".join(sorted(set(names))) or None


def _best(world: World, row: Row, play: str | None) -> Row:
    contact = [text for text in (row["theirs_owner_name"], row["theirs_owner_email"]) if text]
    return {
        "overlap_best_partner": world.name_of(row["partner"]),
        "overlap_best_play": play,
        "overlap_best_reason": f"{row['partner_population']} of {world.name_of(row['partner'])}; {row['reasons']}",
        "overlap_partner_contact": ", ".join(contact) or None,
    }


def _lists(world: World, rows: list[Row], names: list[str]) -> Row:
    same = [row for row in rows if row["relation"] == "Same"]
    lists = {
        name: _joined([world.name_of(row["partner"]) for row in same if row["partner_population"] == LISTS[name]])
        for name in names
    }
    return {"overlap_partner_count": len({row["partner"] for row in same})} | lists


def _accounts(world: World, overlaps: list[Row]) -> dict[str, Row]:
    found = {}
    for account in {row["account_id"] for row in overlaps}:
        rows = [row for row in overlaps if row["account_id"] == account]
        same = sorted(
            (row for row in rows if row["relation"] == "Same"),
            key=lambda row: (-row["priority"], -row["probability"], row["partner"]),
        )
        family = [world.name_of(row["partner"]) for row in rows if row["relation"] != "Same"]
        said = _lists(world, rows, list(LISTS)) | {"overlap_family_of": _joined(family), "overlap_changed_on": None}
        for best in same[:1]:
            rating = {"overlap_icp_fit": best["icp_fit"], "overlap_icp_tier": best["icp_tier"]}
            said |= _best(world, best, best["play"]) | rating
        found[account] = said
    return found


def _deals(world: World, overlaps: list[Row]) -> dict[str, Row]:
    found = {}
    now = {row["id"]: row for row in world.current["opportunity"]}
    for deal in world.opportunities:
        order = ["Customers", "Open Opportunities", "Prospects", "Other"]
        same = sorted(
            (row for row in overlaps if row["account_id"] == deal["account_id"] and row["relation"] == "Same"),
            key=lambda row: (order.index(row["partner_population"]), -row["probability"], row["partner"]),
        )
        names = ["overlap_customer_of", "overlap_open_opportunity_of"]
        said: Row = {}
        if deal["is_closed"]:
            kept = ["overlap_partner_count", *names, "overlap_best_partner", "overlap_best_play"]
            kept += ["overlap_best_reason", "overlap_partner_contact"]
            said = {name: now.get(deal["id"], {}).get(name) for name in kept}
        elif same:
            no_play = "Off limits" in (deal["engagement"], same[0]["engagement"])
            play = None if no_play else OPEN_ROW.get(same[0]["partner_population"])
            said = _lists(world, same, names) | _best(world, same[0], play)
        labels = {row["partner_key"]: row["name"] for row in world.current["overlap_partner"]}
        labels |= {world.partner_key(row["partner"]): row["name"] for row in world.partners}
        yes = {row["partner"]: row["sourced"] for row in world.confirmed if row["opportunity_id"] == deal["id"]}
        mine = {labels[key]: sourced for key, sourced in yes.items() if key in labels}
        said["overlap_confirmed_partners"] = _joined(list(mine))
        said["overlap_sourced_by"] = min((name for name, sourced in mine.items() if sourced), default=None)
        if any(value is not None for value in said.values()):
            found[deal["id"]] = said | {"overlap_changed_on": None}
    return found
