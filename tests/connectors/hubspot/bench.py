"""Connects to a portal of the sandbox, and does there what people do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from config.hubspot import HubSpotSettings
from connectors.base import Vault
from connectors.hubspot import connect
from connectors.hubspot.connection import HubSpotConnection
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.server import Address
from overlap.fields import BY_NAME
from tests.connectors.contract import START, WORKSPACE


@dataclass(frozen=True)
class Site:
    """A running portal: *address* is how to reach it, *portal* what people see of it."""

    address: Address
    portal: Portal
    folder: Path


def settings_for(address: Address, **changed: Any) -> HubSpotSettings:
    """Return what an admin would write for the portal at *address*, but for what is *changed*."""
    given = {"token": "env:TOKEN", "look_back_hours": 0, "ca_file": Path(address.ca_file), **changed}
    return HubSpotSettings(type="hubspot", api_url=address.url, app_url=address.url, **given)


@contextmanager
def connected(site: Site, vault: Vault | None = None, **changed: Any) -> Iterator[HubSpotConnection]:
    """Sign in with the portal's key, or by the *vault*; *changed* are settings."""
    key = Vault({"env:TOKEN": site.address.access_token}.__getitem__)
    settings = settings_for(site.address, **changed)
    with connect("crm", settings, WORKSPACE, vault or key, site.folder) as connection:
        yield connection


class HubSpotBench:
    """A `tests.connectors.contract.Bench` over a portal."""

    def __init__(self, connection: HubSpotConnection, portal: Portal) -> None:
        self.connection = connection
        self.portal = portal
        self.time = START
        portal.set_time(START)

    def add_accounts(self, names: list[str]) -> list[str]:
        return [self.portal.create("companies", {"name": name}) for name in names]

    def rename_account(self, record_id: str, name: str) -> None:
        self.portal.edit("companies", record_id, {"name": name})

    def delete_account(self, record_id: str) -> None:
        self.portal.archive("companies", record_id)

    def person_sets(self, object_name: str, key: str, field: str, value: Any) -> None:
        assert field in BY_NAME[object_name].by_name
        self.portal.edit(object_name, key, {field: value})

    def wait(self, seconds: int) -> None:
        self.time += timedelta(seconds=seconds)
        self.portal.set_time(self.time)
