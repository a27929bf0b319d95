"""Questions about an org's set-up that only the Tooling API answers. Not everybody may ask: no answer is no error."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from connectors.salesforce.pages import pages
from connectors.salesforce.session import SalesforceSession
from overlap.errors import AccessError


def tooling(session: SalesforceSession, query: str) -> list[dict[str, Any]] | None:
    """Return the first 2,000 records of *query*; None if this user may not look at the org's set-up."""
    try:
        first = session.ask("GET", f"tooling/query?q={quote(query)}", {"records": list})
    except AccessError:
        return None
    return next(pages(session.where, query, first, lambda _: None))


def asked(session: SalesforceSession, query: str) -> list[dict[str, Any]] | None:
    """Return the records of *query*, of objects that show the org's set-up in the data API; None as in `tooling`."""
    try:
        return list(session.query(query))
    except AccessError:
        return None
