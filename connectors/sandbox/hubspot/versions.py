"""Which versions of the API a portal still answers. HubSpot switches old ones off by date; here a switch does."""

from __future__ import annotations

from typing import Final

from connectors.sandbox.hubspot.database import Database
from connectors.sandbox.hubspot.errors import HubSpotError, not_found
from overlap.errors import ConfigError

DATED: Final = ("2026-03", "2026-09")
VERSIONS: Final = ("v3", "v4", *DATED, "oauth-v1")
STATES: Final = ("served", "deprecated", "gone")


def marks(database: Database, version: str) -> dict[str, str]:
    """Return the headers of an answer by a *version*: one that is deprecated says so, as RFC 9745 has it.

    Raises:
        HubSpotError: the version is gone, or never was.
    """
    if version not in VERSIONS:
        raise not_found()
    state = database.setting("versions", {}).get(version, "served")
    if state == "gone":
        raise HubSpotError(410, "GONE", f"Version {version} of this API is no longer available")
    return {"Deprecation": f"@{int(database.now().timestamp())}"} if state == "deprecated" else {}


def switch(database: Database, version: str, state: str) -> None:
    """Bring *version* into *state*.

    Raises:
        ConfigError: there is no such version, or no such state.
    """
    if version not in VERSIONS:
        raise ConfigError(f"HubSpot has no API version '{version}'; take {', '.join(VERSIONS)}")
    if state not in STATES:
        raise ConfigError(f"'{state}' is no state of an API version; take served, deprecated or gone")
    database.keep("versions", {**database.setting("versions", {}), version: state})
