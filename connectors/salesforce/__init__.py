"""The Salesforce connector. Importing it costs nothing: the client library is loaded by `connect`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.salesforce import SalesforceSettings
    from connectors.base import Browser, Vault
    from connectors.salesforce.connection import SalesforceConnection


def connect(
    name: str,
    settings: SalesforceSettings,
    workspace_id: str,
    vault: Vault,
    folder: Path,
    flat_fields: bool = True,
) -> SalesforceConnection:
    """Sign in to the org of *settings*; *name* goes into each row's ``crm``, *workspace_id* limits what is ours.

    *vault* has the secrets that the settings refer to; a relative ``ca_file`` starts at *folder*. Without
    *flat_fields*, ``check`` does not miss our fields on accounts and opportunities. Close the connection, or use it in
    a ``with``.

    Raises:
        ConfigError: a secret or the ca_file is not where the settings say.
        AccessError: the org cannot be reached, refuses us, or is not the one of the settings; the message says what to
            do.
        TransientError: the org is out of service.
    """
    from connectors.salesforce.connection import open_connection

    return open_connection(name, settings, workspace_id, vault, folder, flat_fields)


def authorize(
    name: str,
    settings: SalesforceSettings,
    vault: Vault,
    folder: Path,
    browser: Browser,
    accept: Callable[[str], None],
) -> None:
    """Let a person say yes in a *browser*, and keep the refresh token that comes of it in the *vault*.

    *accept* gets the id of the org before anything is kept, and raises if it is the wrong one.

    Raises:
        ConfigError: a secret or the ca_file is not where the settings say.
        AccessError: the person or the org refuses; the message says what to do.
    """
    from contextlib import closing

    from connectors.authority import ca_file
    from connectors.salesforce import authorization
    from connectors.salesforce.signin import SignIn
    from connectors.salesforce.transport import http_session

    http = http_session(ca_file(f"salesforce '{name}'", settings.ca_file, folder))
    with closing(SignIn(name, settings, vault, http)) as sign_in:
        authorization.authorize(sign_in, settings.login_url, browser, accept)


def revoke(name: str, settings: SalesforceSettings, vault: Vault, folder: Path) -> bool:
    """Revoke the refresh token of *name* and forget it; return whether there was one. Raises as `authorize` does."""
    from contextlib import closing

    from connectors.authority import ca_file
    from connectors.salesforce.signin import SignIn
    from connectors.salesforce.transport import http_session

    http = http_session(ca_file(f"salesforce '{name}'", settings.ca_file, folder))
    with closing(SignIn(name, settings, vault, http)) as sign_in:
        return sign_in.forget()
