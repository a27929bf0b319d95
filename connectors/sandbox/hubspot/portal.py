"""The sandbox portal as a person, a demo or a test reaches it: data in, edits, what happened, and what goes wrong.

Everything lives in one SQLite file, so a running server sees a change at its next request.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from connectors.sandbox.faults import Vocabulary
from connectors.sandbox.hubspot import founding, rates, tiers, troubles, versions
from connectors.sandbox.hubspot.database import FILE_NAME, Database
from connectors.sandbox.hubspot.hands import Hands
from connectors.sandbox.journal import Journal
from connectors.sandbox.state import lay_down
from connectors.sandbox.weather import Weather


class Portal(Hands, Weather, Journal):
    """One account. Open it with `Portal.open`, and in one thread only."""

    database: Database

    def __init__(self, folder: Path) -> None:
        lay_down(folder / FILE_NAME, founding.blank)
        self.database = Database(folder / FILE_NAME)
        try:
            founding.found(self.database)
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the portal in *folder*, founding it if there is none; use it as a context manager."""
        return cls(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the portal stays."""
        self.database.close()

    # --- data -------------------------------------------------------------------------------------------------------

    def seed(self, object_name: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Put *rows* into the portal and return their ids; see `founding.seed`.

        Raises:
            RecordError: a row is refused; nothing was stored.
        """
        return founding.seed(self.database, self._kind(object_name), rows)

    def crowd(self, companies: int, equal: int = 0, since: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        """Found a crowd of *companies*, *equal* of them changed in one millisecond; see `founding.crowd`."""
        founding.crowd(self.database, companies, equal, since)

    def add_owner(self, **owner: Any) -> str:
        """Add an owner, as the API shows one; ``archived=True`` is one who is gone. Return the id."""
        return founding.add_owner(self.database, owner)

    def add_pipeline(self, pipeline: Mapping[str, Any]) -> None:
        """Add a pipeline of deals: id, label and stages, each with id, label and metadata."""
        founding.add_pipeline(self.database, pipeline)

    def records(self, object_name: str) -> list[dict[str, Any]]:
        """Return every record of an object, archived ones too: its values, ``id`` and ``archived``."""
        kind = self._kind(object_name)
        found = self.database.select(kind, "1 order by id", ())
        return [{"id": str(one.id), "archived": one.archived_at is not None, **one.values} for one in found]

    def links(self) -> list[tuple[str, str, str, str, str]]:
        """Return every association in both directions: (object, id, object, id, label or type)."""
        names = {type_id: kind.word for type_id, kind in self.database.types().items()}
        sql = (
            "select from_type, from_id, to_type, to_id, coalesce(label, name) from association "
            "natural join (select category, type_id, label, name from association_type) order by 1, 2, 3, 4, 5"
        )
        rows = self.database.rows(sql)
        return [(names[start], str(one), names[end], str(other), said) for start, one, end, other, said in rows]

    def settle(self) -> None:
        """Do at once what long transactions and delayed commits still hold back."""
        from connectors.sandbox.hubspot.api import settle  # the API needs a portal; here alone it is the other way

        settle(self)

    # --- switches ---------------------------------------------------------------------------------------------------

    def set_tier(self, tier: str) -> None:
        """Become an account of another tier: free, starter, professional, enterprise.

        Raises:
            ConfigError: there is no such tier.
        """
        self.database.keep("tier", tiers.named(tier).name)

    def set_version(self, version: str, state: str) -> None:
        """Bring a version of the API (v3, v4, 2026-03, 2026-09, oauth-v1) into a state: served, deprecated, gone.

        Raises:
            ConfigError: there is no such version or state.
        """
        versions.switch(self.database, version, state)

    def set_scopes(self, *scopes: str) -> None:
        """Grant the key and the app just these; a tier without custom objects has no scopes of theirs."""
        self.database.keep("scopes", sorted(scopes))

    def set_index_lag(self, seconds: float) -> None:
        """Let searches miss what was written less than *seconds* ago."""
        self.database.keep("index_lag_s", seconds)

    def set_schema_lag(self, seconds: float) -> None:
        """Let a new custom object be unknown to everything but its schema for so many *seconds*."""
        self.database.keep("schema_lag_s", seconds)

    def set_rate_limits(self, on: bool) -> None:
        """Without them, nobody calls too much. They go by the portal's clock: turn them off if that stands still."""
        self.database.keep("rate_limits", on)

    def set_calls_today(self, calls: int) -> None:
        """Say that so many *calls* of the day were made, by whom ever."""
        rates.use(self.database, calls)

    def set_search_rate(self, searches: int) -> None:
        """Allow so many *searches* in any one second; HubSpot's papers say 5, older ones 4."""
        self.database.keep("searches_per_s", searches)

    def set_merge_keeps_id(self, keeps: bool) -> None:
        """While set, what comes of a merge has the primary's id, not a new one."""
        self.database.keep("merge_keeps_id", keeps)

    def require(
        self, object_name: str, name: str, when: Mapping[str, str] | None = None, on: str = "always", message: str = ""
    ) -> None:
        """Add a validation rule: records that have all of *when* need the property *name*; *on* create or always."""
        kind = self._kind(object_name)
        rule = {"type_id": kind.type_id, "property": name, "when": dict(when or {}), "on": on, "message": message}
        self.database.keep("rules", [*self.database.setting("rules", []), rule])

    def end_rules(self) -> None:
        """End every validation rule."""
        self.database.keep("rules", [])

    def replace_key(self) -> str:
        """Replace the account's key, as an admin rotates it, and return the new one; the old one is refused."""
        key = f"pat-eu1-{secrets.token_hex(16)}"
        self.database.keep("key", key)
        return key

    def expire_tokens(self) -> None:
        """End every access token of the OAuth app: the next call with one is 401 EXPIRED_AUTHENTICATION."""
        self.database.rows("update token set expires_at = ?", (self.database.now().isoformat(),))

    def set_portal_id(self, portal_id: int) -> None:
        """Become another account: the wrong one."""
        self.database.keep("portal_id", portal_id)

    # --- what the server asks ---------------------------------------------------------------------------------------

    @property
    def vocabulary(self) -> Vocabulary:  # type: ignore[override]
        """What fault scripts may say."""
        return troubles.vocabulary(self.database)

    @property
    def key(self) -> str:
        """The account's key, good for ever."""
        return str(self.database.setting("key"))

    @property
    def app(self) -> tuple[str, str, str]:
        """Client id, client secret and a refresh token of the OAuth app."""
        client_id, secret, token = map(self.database.setting, ("client_id", "client_secret", "refresh_token"))
        return client_id, secret, token
