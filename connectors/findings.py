"""Lines of `overlap check` that are the same for every CRM."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from connectors.base import Finding

#: Share of the day's API calls from which on a run may not come to its end.
_MOST_USED: Final = 0.9
_MOST_SKEW_S: Final = 120


def api_calls(calls: tuple[int, int] | None, when: str, remedy: str) -> Finding:
    """Return whether enough of the (used, allowed) API calls is left; *when* is the day they count for.

    None means that the CRM does not tell.
    """
    if calls is None:
        return Finding(True, "API calls", "the CRM does not say how many are left")
    used, allowed = calls
    return Finding(used < allowed * _MOST_USED, "API calls", f"{used:,} of {allowed:,} used {when}", remedy)


def clock(server: datetime, here: datetime, crm: str) -> Finding:
    """Return whether this machine's clock agrees with *crm*'s. Watermarks are the CRM's; days and logs are ours."""
    ahead_s = (here - server).total_seconds()
    side = "ahead of" if ahead_s > 0 else "behind"
    return Finding(
        abs(ahead_s) <= _MOST_SKEW_S,
        "clock",
        f"this machine is {abs(ahead_s):.0f} s {side} {crm}",
        "set this machine's clock, best by NTP",
    )
