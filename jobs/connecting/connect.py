"""Connect: sign in for the first time, in a browser where the flow needs a person, and pin the org."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from connectors.base import Browser
from jobs.context import Context, connected, connector_of, vault_of
from overlap.errors import ConfigError

_LOCK: Final = {
    "salesforce": "block the app or its user in Salesforce",
    "hubspot": "delete the key or the app in HubSpot",
}


@dataclass(frozen=True, slots=True)
class Connected:
    """*authorized* says whether a person was asked, and a token kept."""

    crm: str
    auth: str
    org_id: str
    authorized: bool


def connect(context: Context, crm: str, browser: Browser) -> Connected:
    """Let a person authorize us if *crm* signs in that way, then sign in as every run will.

    Raises:
        ConfigError: a setting is wrong.
        AccessError: the org or the person refuses, or it is not the org of this workspace; no token was kept.
    """
    connector, settings = connector_of(context, crm)
    asks = settings.asks_a_person
    if asks:
        vault, accept = vault_of(context.workspace), partial(context.ledger.require_same_org, crm)
        connector.authorize(crm, settings, vault, context.workspace.folder, browser, accept)
    with connected(context, crm) as connection:
        context.ledger.note(context.who, "connected", {"crm": crm, "org": connection.org_id}, context.now)
        return Connected(crm, settings.auth, connection.org_id, asks)


def disconnect(context: Context, crm: str) -> bool:
    """Revoke the refresh token of *crm* and delete it; return whether there was one.

    Raises:
        ConfigError: *crm* signs in without such a token.
    """
    connector, settings = connector_of(context, crm)
    if not settings.asks_a_person:
        raise ConfigError(
            f"crm '{crm}' signs in by auth = '{settings.auth}', which keeps no token; to lock overlap out, "
            f"{_LOCK[settings.type]}"
        )
    revoked: bool = connector.revoke(crm, settings, vault_of(context.workspace), context.workspace.folder)
    if revoked:
        context.ledger.note(context.who, "disconnected", {"crm": crm}, context.now)
    return revoked
