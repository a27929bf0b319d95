"""The HubSpot connector. Importing it costs nothing: the client library is loaded by `connect`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.hubspot import HubSpotSettings
    from connectors.base import Browser, Vault
    from connectors.hubspot.connection import HubSpotConnection
    from connectors.hubspot.signin import SignIn


def connect(
    name: str,
    settings: HubSpotSettings,
    workspace_id: str,
    vault: Vault,
    folder: Path,
    flat_fields: bool = True,
) -> HubSpotConnection:
    """Sign in to the portal of *settings*; *name* goes into each row's ``crm``, *workspace_id* limits what is ours.

    *vault* has the secrets that the settings refer to; a relative ``ca_file`` starts at *folder*. Without
    *flat_fields*, ``check`` does not miss our properties on companies and deals. Close the connection, or use it in a
    ``with``.

    Raises:
        ConfigError: a secret or the ca_file is not where the settings say.
        AccessError: the portal cannot be reached, refuses us, or is not the one of the settings; the message says what
            to do.
        TransientError: the portal is out of service.
    """
    from connectors.hubspot.connection import open_connection

    return open_connection(name, settings, workspace_id, vault, folder, flat_fields)


def authorize(
    name: str,
    settings: HubSpotSettings,
    vault: Vault,
    folder: Path,
    browser: Browser,
    accept: Callable[[str], None],
) -> None:
    """Let a person say yes in a *browser*, and keep the refresh token that comes of it in the *vault*.

    *accept* gets the id of the portal before anything is kept, and raises if it is the wrong one.

    Raises:
        ConfigError: a secret or the ca_file is not where the settings say.
        AccessError: the person or the portal refuses; the message says what to do.
    """
    from connectors.hubspot import authorization

    with _sign_in(name, settings, vault, folder) as sign_in:
        authorization.authorize(sign_in, settings.app_url, browser, accept)


def revoke(name: str, settings: HubSpotSettings, vault: Vault, folder: Path) -> bool:
    """Revoke the refresh token of *name* and forget it; return whether there was one. Raises as `authorize` does."""
    with _sign_in(name, settings, vault, folder) as sign_in:
        return sign_in.forget()


@contextmanager
def _sign_in(name: str, settings: HubSpotSettings, vault: Vault, folder: Path) -> Iterator[SignIn]:
    from connectors.authority import ca_file
    from connectors.hubspot.signin import SignIn
    from connectors.hubspot.transport import Transport

    where = f"hubspot '{name}'"
    with closing(Transport(where, settings.api_url, ca_file(where, settings.ca_file, folder))) as transport:
        yield SignIn(name, settings, vault, transport)
