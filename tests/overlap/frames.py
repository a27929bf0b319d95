"""Frames from just what a test is about; everything that it does not say has a plain default."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from connectors.records import record_schema
from overlap.fields import OBJECTS, CrmObject
from overlap.model import (
    Account,
    Influence,
    Match,
    Opportunity,
    OpportunityPartner,
    Overlap,
    PartnerAccount,
    User,
    schema_of,
)
from overlap.records import Findings

MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
TODAY = date(2026, 3, 2)
WORKSPACE = "contoso-1a2b3c"

RATED = {"icp_fit": pl.Int64, "icp_tier": pl.String, "icp_reasons": pl.String}
_STANDING = {"population": pl.String, "populations": pl.String}
_PARTNERS = {
    "partner": pl.String,
    "name": pl.String,
    "account": pl.String,
    "as_of": pl.Datetime("us", "UTC"),
    "late": pl.Boolean,
}
_CONFIRMED = {"partner": pl.String, "sourced": pl.Boolean, "opportunity_id": pl.String}

_RATING = {"icp_fit": 50, "icp_tier": "B", "icp_reasons": "industry fits"}
_DEFAULTS: dict[type, dict[str, Any]] = {
    Account: {"crm": "salesforce", "id": "001A", "name": "Acme", "owner_id": "005U", "modified_at": MOMENT},
    Opportunity: {
        "crm": "salesforce",
        "id": "006A",
        "account_id": "001A",
        "name": "Acme renewal",
        "is_closed": False,
        "is_won": False,
        "owner_id": "005U",
        "created_at": MOMENT,
        "modified_at": MOMENT,
    },
    User: {"crm": "salesforce", "id": "005U", "name": "Uma", "is_active": True, "modified_at": MOMENT},
    OpportunityPartner: {
        "crm": "salesforce",
        "id": "00IA",
        "opportunity_id": "006A",
        "account_id": "001P",
        "created_at": MOMENT,
        "modified_at": MOMENT,
    },
    PartnerAccount: {"partner": "globex", "id": "G1", "name": "ACME Inc", "population": "Customers"},
    Match: {
        "crm": "salesforce",
        "ours_id": "001A",
        "partner": "globex",
        "theirs_id": "G1",
        "probability": 0.99,
        "decision": "match",
        "relation": "Same",
        "reasons": "same domain",
        "evidence": "",
    },
    Overlap: {
        "key": "pi1-overlap",
        "crm": "salesforce",
        "account_id": "001A",
        "account_name": "Acme",
        "partner": "globex",
        "our_population": "Prospects",
        "our_populations": "Prospects",
        "partner_population": "Customers",
        "partner_populations": "Customers",
        "play": "Ask for an introduction",
        "theirs_id": "G1",
        "theirs_name": "ACME Inc",
        "probability": 0.99,
        "relation": "Same",
        "reasons": "same domain",
        **_RATING,
        "priority": 75,
        "owner_id": "005U",
        "first_seen": date(2026, 1, 5),
    },
    Influence: {
        "key": "pi1-influence",
        "crm": "salesforce",
        "opportunity_id": "006A",
        "opportunity_name": "Acme renewal",
        "account_id": "001A",
        "partner": "globex",
        "evidence": "partner says: we introduced you",
        "owner_id": "005U",
        "suggest": True,
    },
}


def frame(noun: type, *rows: dict[str, Any], also: dict[str, Any] | None = None) -> pl.DataFrame:
    """A frame of *noun*, one row per element of *rows*; *also* names columns (and types) that join it on the way."""
    schema = {**schema_of(noun), **(also or {})}
    whole = [dict.fromkeys(schema) | _DEFAULTS.get(noun, {}) | row for row in rows]
    return pl.DataFrame(whole, schema=schema, orient="row")


def rated_accounts(*rows: dict[str, Any]) -> pl.DataFrame:
    """Our accounts as the pipeline hands them to `overlaps_of`: rated, and in their populations."""
    standing = {"population": "Prospects"} | _RATING
    whole = [standing | {"populations": row.get("population", "Prospects")} | row for row in rows]
    return frame(Account, *whole, also=_STANDING | RATED)


def rated_theirs(*rows: dict[str, Any]) -> pl.DataFrame:
    """A partner's accounts as the pipeline hands them on: rated by our profile too, for greenfield."""
    whole = [{"icp_fit": 1, "icp_tier": "C", "icp_reasons": "nothing fits"} | row for row in rows]
    return frame(PartnerAccount, *whole, also=RATED)


def said(thing: CrmObject, *rows: dict[str, Any]) -> pl.DataFrame:
    """What the CRM says now of records of *thing*."""
    schema: dict[str, Any] = {**record_schema(thing), "is_deleted": pl.Boolean}
    whole = [dict.fromkeys(schema) | {"crm": "salesforce", "is_deleted": False} | row for row in rows]
    return pl.DataFrame(whole, schema=schema, orient="row")


def partners(*rows: dict[str, Any]) -> pl.DataFrame:
    plain = {"account": None, "as_of": MOMENT, "late": False}
    return pl.DataFrame([plain | row for row in rows], schema=_PARTNERS, orient="row")


def findings(**given: Any) -> Findings:
    """What a run found: Globex and Acme, an empty CRM, and whatever *given* says instead."""
    current = {thing.name: said(thing) for thing in OBJECTS} | given.pop("current", {})
    whole = {
        "workspace_id": WORKSPACE,
        "crm": "salesforce",
        "partners": partners({"partner": "globex", "name": "Globex"}),
        "overlaps": frame(Overlap),
        "influences": frame(Influence),
        "opportunities": frame(Opportunity),
        "users": frame(User, {}),
        "confirmed": pl.DataFrame(schema=_CONFIRMED),
        **given,
    }
    return Findings(current=current, **whole)


def confirmed(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{"sourced": False} | row for row in rows], schema=_CONFIRMED, orient="row")
