"""How much an account may call: per ten seconds and app, per day and account, and searches per second.

The account's clock counts, so a clock that stands still lets nothing through once a limit is reached: `Portal.
set_rate_limits` turns them off. Searches have a limit of their own, and say nothing of it. Source: HubSpot's usage
guidelines, and bodies that public bug reports quote.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from connectors.sandbox.hubspot.database import Database
from connectors.sandbox.hubspot.errors import HubSpotError, instant, too_many
from connectors.sandbox.hubspot.tiers import SEARCHES_PER_S, TIERS

_INTERVAL: Final = timedelta(seconds=10)


def count(database: Database, *, search: bool) -> None:
    """Count a call.

    Raises:
        HubSpotError: it is one too many.
    """
    if not database.setting("rate_limits", True):
        return
    tier, now = TIERS[database.setting("tier")], database.now()
    if used_today(database) >= tier.calls_per_day:
        raise refused(database, "DAILY")
    if search:
        if _within(database, timedelta(seconds=1), search=True) >= database.setting("searches_per_s", SEARCHES_PER_S):
            raise refused(database, "SECONDLY")
    elif _within(database, _INTERVAL, search=False) >= tier.calls_per_10_s:
        raise refused(database, "TEN_SECONDLY_ROLLING")
    database.rows("delete from call where at <= ?", (instant(now - _INTERVAL),))
    database.rows("insert into call (at, search) values (?, ?)", (instant(now), search))
    use(database, used_today(database) + 1)


def use(database: Database, calls: int) -> None:
    """Say that *calls* of the day were made."""
    database.keep("calls_today", [database.now().date().isoformat(), calls])


def used_today(database: Database) -> int:
    """Return the calls of the day, by the account's clock."""
    day, calls = database.setting("calls_today", ["", 0])
    return int(calls) if day == database.now().date().isoformat() else 0


def refused(database: Database, policy: str) -> HubSpotError:
    """Return the refusal by the limit called *policy*: DAILY, SECONDLY, TEN_SECONDLY_ROLLING."""
    return too_many(policy, f"publicapi:private-apps-api:{policy.lower()}:{database.portal_id}")


def headers(database: Database, *, oauth: bool) -> dict[str, str]:
    """Return what a reply says of the limits; the daily one is the account's own business where an app calls."""
    tier = TIERS[database.setting("tier")]
    used = _within(database, _INTERVAL, search=False)
    told = {
        "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(_INTERVAL.total_seconds() * 1000)),
        "X-HubSpot-RateLimit-Max": str(tier.calls_per_10_s),
        "X-HubSpot-RateLimit-Remaining": str(max(tier.calls_per_10_s - used, 0)),
    }
    if oauth:
        return told
    left = max(tier.calls_per_day - used_today(database), 0)
    daily = {"X-HubSpot-RateLimit-Daily": str(tier.calls_per_day), "X-HubSpot-RateLimit-Daily-Remaining": str(left)}
    return {**told, **daily}


def _within(database: Database, span: timedelta, *, search: bool) -> int:
    since = instant(database.now() - span)
    return int(database.rows("select count(*) from call where at > ? and search = ?", (since, search))[0][0])
