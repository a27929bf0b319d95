"""The people of a portal who own records. There are few: all of them are read each time, those who are gone too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import polars as pl

from connectors.hubspot.session import HubSpotSession
from overlap.model import User, schema_of

_PER_PAGE: Final = "500"


def users(session: HubSpotSession, crm: str) -> pl.DataFrame:
    """Return every owner as a user; one who is archived is not active."""
    rows = []
    for archived in ("true", "false"):
        for owners in session.pages("owners", query=[("limit", _PER_PAGE), ("archived", archived)]):
            rows += [_user(crm, one) for one in owners]
    found = pl.DataFrame(rows, schema=dict(schema_of(User)), orient="row")
    return found.unique("id", keep="last", maintain_order=True)


def _user(crm: str, owner: Mapping[str, Any]) -> tuple[Any, ...]:
    name = " ".join(part for part in (owner.get("firstName"), owner.get("lastName")) if part)
    email = owner.get("email")
    changed_at = datetime.fromisoformat(str(owner["updatedAt"]))
    return crm, str(owner["id"]), name or email or str(owner["id"]), email, not owner.get("archived"), changed_at
