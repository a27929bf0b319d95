"""A signed-in portal with its source. `connectors.hubspot.connect` makes one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from config.hubspot import HubSpotSettings
from connectors.base import Finding, Sink, Source, Vault
from connectors.hubspot import check
from connectors.hubspot.mapping import Wishes
from connectors.hubspot.session import HubSpotSession
from connectors.hubspot.source import HubSpotSource, Scope
from overlap.errors import AccessError


@dataclass(slots=True)
class HubSpotConnection:
    """A `connectors.base.Connection`. It holds sockets: close it, or use it in a ``with``."""

    name: str
    org_id: str
    source: Source
    session: HubSpotSession
    workspace_id: str
    flat_fields: bool

    @property
    def sink(self) -> Sink:
        """Where records are written to.

        Raises:
            AccessError: this connection only reads.
        """
        raise AccessError(f"{self.session.where}: HubSpot is only read so far; nothing can be planned or written there")

    def check(self) -> list[Finding]:
        """Look at everything that a run needs, and change nothing."""
        return check.findings(self.session, self.flat_fields)

    def api_calls_left(self) -> tuple[int, int] | None:
        """Return (used, allowed) calls of the day as the portal last said; None if it never did, as with OAuth."""
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


def open_connection(
    name: str,
    settings: HubSpotSettings,
    workspace_id: str,
    vault: Vault,
    folder: Path,
    flat_fields: bool,
) -> HubSpotConnection:
    """Sign in and return the connection; see `connectors.hubspot.connect`."""
    session = HubSpotSession(name, settings, vault, folder)
    wishes = Wishes(
        settings.account_fields, settings.opportunity_fields, settings.customer_stages, settings.partner_types
    )
    scope = Scope(name, workspace_id, timedelta(hours=settings.look_back_hours), wishes)
    return HubSpotConnection(name, session.org_id, HubSpotSource(session, scope), session, workspace_id, flat_fields)
