"""Connects to the sandbox org of the `salesforce` fixture, and does there what people do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from config.salesforce import SalesforceSettings
from connectors.base import Vault
from connectors.salesforce import connect
from connectors.salesforce.connection import SalesforceConnection
from connectors.salesforce.objects import OBJECT_NAMES, api_name
from overlap.fields import BY_NAME
from tests.connectors.contract import START, WORKSPACE


@contextmanager
def connected(
    salesforce: Any, look_back_hours: int = 0, folder: Path = Path("/"), **changed: Any
) -> Iterator[SalesforceConnection]:
    """Sign in as an admin's settings would; *changed* replaces what the sandbox's address says, or sets more."""
    address = salesforce.address
    secrets = {"env:KEY": address.consumer_key, "env:SECRET": address.consumer_secret}
    settings = SalesforceSettings(
        type="salesforce",
        login_url=address.url,
        consumer_key="env:KEY",
        consumer_secret="env:SECRET",
        ca_file=Path(address.ca_file),
        look_back_hours=look_back_hours,
        **{name: value for name, value in changed.items() if name in SalesforceSettings.model_fields},
    )
    vault = Vault(changed.pop("secret", secrets.__getitem__))
    arguments = {"flat_fields": True, "workspace_id": WORKSPACE, "vault": vault}
    arguments |= {name: value for name, value in changed.items() if name not in SalesforceSettings.model_fields}
    with connect("crm", settings, folder=folder, **arguments) as connection:
        yield connection


class SalesforceBench:
    """A `tests.connectors.contract.Bench` over the sandbox."""

    def __init__(self, connection: SalesforceConnection, store: Any) -> None:
        self.connection = connection
        self.store = store
        self.time = START
        store.set_time(START)

    def add_accounts(self, names: list[str]) -> list[str]:
        return [self.store.create("Account", {"Name": name}) for name in names]

    def rename_account(self, record_id: str, name: str) -> None:
        self.store.edit("Account", record_id, {"Name": name})

    def delete_account(self, record_id: str) -> None:
        self.store.delete("Account", record_id)

    def person_sets(self, object_name: str, key: str, field: str, value: Any) -> None:
        self.store.edit(OBJECT_NAMES[object_name], key, {api_name(BY_NAME[object_name].by_name[field]): value})

    def wait(self, seconds: int) -> None:
        self.time += timedelta(seconds=seconds)
        self.store.set_time(self.time)
