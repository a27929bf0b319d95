"""A signed-in org with its source and its sink. `connectors.salesforce.connect` makes one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from config.salesforce import SalesforceSettings
from connectors.base import Finding, Sink, Source, Vault
from connectors.salesforce import check
from connectors.salesforce.columns import Wishes
from connectors.salesforce.session import SalesforceSession
from connectors.salesforce.sink import SalesforceSink
from connectors.salesforce.source import SalesforceSource, Scope
from overlap.fields import OBJECTS, CrmObject


@dataclass(slots=True)
class SalesforceConnection:
    """A `connectors.base.Connection`. It holds sockets: close it, or use it in a ``with``."""

    name: str
    org_id: str
    source: Source
    sink: Sink
    session: SalesforceSession
    workspace_id: str
    flat_fields: bool
    wishes: Wishes

    @property
    def holds(self) -> tuple[CrmObject, ...]:
        """Everything: every edition has objects of one's own."""
        return OBJECTS

    def check(self) -> list[Finding]:
        """Look at everything that a run needs, and change nothing."""
        return check.findings(self.session, self.workspace_id, self.flat_fields, self.wishes)

    def api_calls_left(self) -> tuple[int, int] | None:
        """Return (used, allowed) calls of the last 24 hours as the org last said; None if it never did."""
        return self.session.api_calls()

    def api_calls_made(self) -> int:
        """Return how many calls this connection has made."""
        return self.session.calls

    def close(self) -> None:
        """Close the sockets."""
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def wishes_of(settings: SalesforceSettings) -> Wishes:
    """Return what *settings* read beside, or in place of, the usual."""
    return Wishes(settings.account_fields, settings.opportunity_fields, settings.person_accounts, settings.read_leads)


def open_connection(
    name: str,
    settings: SalesforceSettings,
    workspace_id: str,
    vault: Vault,
    folder: Path,
    flat_fields: bool,
) -> SalesforceConnection:
    """Sign in and return the connection; see `connectors.salesforce.connect`."""
    session = SalesforceSession(name, settings, vault, folder)
    wishes = wishes_of(settings)
    look_back = timedelta(hours=settings.look_back_hours)
    scope = Scope(name, workspace_id, look_back, folder / "pull" / name, wishes, settings.bulk_read_from)
    source = SalesforceSource(session, scope)
    sink = SalesforceSink(session, settings.bulk_write_from)
    return SalesforceConnection(name, session.org_id, source, sink, session, workspace_id, flat_fields, wishes)
