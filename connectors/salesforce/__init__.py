"""The Salesforce connector. Importing it costs nothing: the client library is loaded by `connect`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import SalesforceSettings
    from connectors.salesforce.connection import SalesforceConnection


def connect(
    name: str,
    settings: SalesforceSettings,
    workspace_id: str,
    secret: Callable[[str], str],
    folder: Path,
    flat_fields: bool = True,
) -> SalesforceConnection:
    """Sign in to the org of *settings*; *name* goes into each row's ``crm``, *workspace_id* limits what is ours.

    *secret* turns a secret's reference into the secret; a relative ``ca_file`` starts at *folder*. Without
    *flat_fields*, ``check`` does not miss our fields on accounts and opportunities. Close the connection, or use it in
    a ``with``.

    Raises:
        ConfigError: a secret or the ca_file is not where the settings say.
        AccessError: the org cannot be reached or refuses us; the message says what to do.
        TransientError: the org is out of service.
    """
    from connectors.salesforce.connection import open_connection

    return open_connection(name, settings, workspace_id, secret, folder, flat_fields)
