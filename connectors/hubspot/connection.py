"""A signed-in portal with its source. `connectors.hubspot.connect` makes one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from config.hubspot import HubSpotSettings
from connectors.base import Finding, Source, Vault
from connectors.hubspot import check
from connectors.hubspot.mapping import Wishes
from connectors.hubspot.session import HubSpotSession
from connectors.hubspot.sink import HubSpotSink
from connectors.hubspot.source import HubSpotSource, Scope
from overlap.fields import CrmObject


@dataclass(slots=True)
class HubSpotConnection:
    """A `connectors.base.Connection`. It holds sockets: close it, or use it in a ``with``."""

    name: str
    org_id: str
    source: Source
    sink: HubSpotSink
    session: HubSpotSession
    workspace_id: str
    flat_fields: bool

    @property
    def holds(self) -> tuple[CrmObject, ...]:
        """What the portal's tier can hold, of flat fields only those that it has properties for.

        Raises:
            MissingError: flat fields are wanted, and nobody has set them up yet.
        """
        things = (thing for thing in self.session.portal.things if thing.key is not None or self.flat_fields)
        return tuple(self.sink.definitions.held(thing) for thing in things)

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
    return HubSpotConnection(
        name, session.org_id, HubSpotSource(session, scope), HubSpotSink(session), session, workspace_id, flat_fields
    )
