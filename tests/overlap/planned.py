"""Plans of worlds that a test writes by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from overlap.fields import CrmObject
from overlap.model import Influence, Match
from overlap.plan import Change
from overlap.planning import Intent, Reasons, intent
from overlap.records import Findings
from tests.overlap.agreed import key_by_hand
from tests.overlap.frames import TODAY, WORKSPACE, frame, rated_accounts, rated_theirs

GLOBEX = key_by_hand(WORKSPACE, "globex", "", "partner")
INFLUENCE_KEY = key_by_hand(WORKSPACE, "globex", "006A", "influence")


def reasons(accounts=({},), theirs=({},), matches=({},), **changed: Any) -> Reasons:
    return Reasons(rated_accounts(*accounts), rated_theirs(*theirs), frame(Match, *matches), **changed)


def planned(found: Findings, why: Reasons | None = None, today: date = TODAY, flat_fields: bool = True) -> Intent:
    return intent(found, why or reasons(), today, flat_fields)


def of(thing: CrmObject, made: Intent) -> tuple[Change, ...]:
    return tuple(change for change in made.changes if change.object_name == thing.name)


def suggestions(*partners_: str, suggest: bool = True, deal: str = "006A") -> pl.DataFrame:
    rows = [
        {"key": key_by_hand(WORKSPACE, p, deal, "influence"), "partner": p, "opportunity_id": deal, "suggest": suggest}
        for p in partners_
    ]
    return frame(Influence, *rows)


def suggestion_now(partner: str = "globex", deal: str = "006A", **fields) -> dict:
    plain = {
        "id": f"a-{partner}",
        "influence_key": key_by_hand(WORKSPACE, partner, deal, "influence"),
        "workspace": WORKSPACE,
        "origin": "Engine",
        "owner_id": "005U",
        "opportunity": deal,
        "account": "001A",
        "partner": key_by_hand(WORKSPACE, partner, "", "partner"),
        "evidence_summary": "partner says: we introduced you",
        "suggestion_state": "Current",
    }
    return plain | fields
