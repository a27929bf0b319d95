"""What an account says of itself: its owners, its pipelines, its limits, and who it is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from connectors.sandbox.hubspot import links, rates
from connectors.sandbox.hubspot.bodies import Row, as_id
from connectors.sandbox.hubspot.call import Call
from connectors.sandbox.hubspot.errors import instant, invalid, not_found
from connectors.sandbox.hubspot.schema import ObjectType

_OWNERS = 500


def owners(call: Call) -> Row:
    """Answer with a page of owners: those who are there, or those who are gone."""
    limit, after = call.number("limit", 100, _OWNERS), call.text("after") or "0"
    place = as_id(after)
    if place is None:
        raise invalid(f"after: '{after}' is not a valid cursor")
    archived, email = call.flag("archived"), call.text("email").lower()
    rows = call.database.rows("select id, body from owner where id > ? order by id", (place,))
    found = [json.loads(body) for _, body in rows]
    found = [one for one in found if one["archived"] == archived and (not email or one["email"].lower() == email)]
    answer: Row = {"results": found[:limit]}
    if len(found) > limit:
        answer["paging"] = {"next": {"after": found[limit - 1]["id"]}}
    return answer


def owner(call: Call) -> Row:
    """Answer with one owner, by the owner's id or the user's."""
    by = call.text("idProperty") or "id"
    if by not in ("id", "userId"):
        raise invalid("idProperty must be id or userId")
    for (body,) in call.database.rows("select body from owner"):
        found: Row = json.loads(body)
        if str(found.get(by)) == call.rest[0] and found["archived"] == call.flag("archived"):
            return found
    raise not_found()


def pipelines(call: Call) -> Row:
    """Answer with the pipelines of an object."""
    return {"results": _pipelines(call)}


def pipeline(call: Call) -> Row:
    """Answer with one pipeline."""
    for found in _pipelines(call):
        if found["id"] == call.rest[1]:
            return found
    raise not_found()


def stages(call: Call) -> Row:
    """Answer with the stages of a pipeline."""
    return {"results": pipeline(call)["stages"]}


def account(call: Call) -> Row:
    """Answer with the account's id and settings."""
    database = call.database
    return {
        "portalId": database.portal_id,
        "accountType": "DEVELOPER_TEST",
        "timeZone": "Europe/Berlin",
        "companyCurrency": "EUR",
        "additionalCurrencies": [],
        "utcOffset": "+01:00",
        "utcOffsetMilliseconds": 3_600_000,
        "uiDomain": "app-eu1.hubspot.com",
        "dataHostingLocation": "eu1",
    }


def usage(call: Call) -> Row:
    """Answer with the calls of the day, all apps' that have a key of the account, and when the day ends."""
    now = call.database.now()
    tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    said = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": call.tier.calls_per_day,
        "currentUsage": rates.used_today(call.database),
        "collectedAt": instant(now),
        "resetsAt": instant(tomorrow),
        "fetchStatus": "SUCCESS",
    }
    return {"results": [said]}


def custom_object_limit(call: Call) -> Row:
    """Answer with how many custom objects there are, and may be."""
    used = sum(kind.custom for kind in call.database.types().values())
    return _share(call.tier.custom_objects, used)


def property_limit(call: Call) -> Row:
    """Answer with how many custom properties each object has, and may have."""
    rows = []
    for kind in call.database.types().values():
        used = sum(known.ours for known in call.database.properties(kind).values())
        rows.append({**_named(kind), **_share(call.tier.properties, used)})
    most, used = call.tier.properties * len(rows), sum(row["usage"] for row in rows)
    overall = {"overallLimit": most, "overallUsage": used, "overallPercentage": _share(most, used)["percentage"]}
    return {"byObjectType": rows, **overall}


def label_limit(call: Call) -> Row:
    """Answer with how many labels a pair of objects has, and may have."""
    every = call.database.types().values()
    asked = [call.text(name) for name in ("fromObjectTypeId", "toObjectTypeId")]
    rows = []
    for start in every:
        for end in every:
            if any(want and want != kind.type_id for want, kind in zip(asked, (start, end), strict=True)):
                continue
            labels = [one.label for one in links.types(call.database, start, end) if one.category == links.USER]
            held = [label for label in labels if label]
            ends = {"fromObjectType": _named(start), "toObjectType": _named(end)}
            rows.append({**ends, "allLabels": held, **_share(call.tier.labels, len(held))})
    return {"results": rows}


def _pipelines(call: Call) -> list[Row]:
    kind, stamp = call.kind, call.database.setting("founded_at")
    stamps: Row = {"createdAt": stamp, "updatedAt": stamp, "archived": False}
    found: list[Row] = []
    for (body,) in call.database.rows("select body from pipeline where type_id = ? order by id", (kind.type_id,)):
        kept = json.loads(body)
        listed = [
            {**stage, "displayOrder": place, "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT", **stamps}
            for place, stage in enumerate(kept["stages"])
        ]
        found.append({**kept, "displayOrder": len(found), "stages": listed, **stamps})
    return found


def _share(limit: int, usage: int) -> dict[str, Any]:
    return {"limit": limit, "usage": usage, "percentage": 100 * usage / limit if limit else 0}


def _named(kind: ObjectType) -> Row:
    return {"objectTypeId": kind.type_id, "singularLabel": kind.singular, "pluralLabel": kind.plural}
