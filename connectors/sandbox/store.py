"""The sandbox org as a person, a demo or a test reaches it: data in, edits, what happened, and what goes wrong.

Everything lives in one SQLite file, so a running server sees a change at its next request. What a person does goes
through the same checks as the API; only `Store.seed` may write what Salesforce itself fills in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Self

from connectors.sandbox import access, cursor, lifecycle, seeding, writes
from connectors.sandbox.cursor import Reader
from connectors.sandbox.database import Database
from connectors.sandbox.door import Door
from connectors.sandbox.journal import Change, Journal, Request
from connectors.sandbox.people import People
from connectors.sandbox.schema import Catalog, visible
from connectors.sandbox.switches import Switches
from overlap.errors import RecordError

__all__ = ["API_ALLOWANCE", "Change", "Request", "Store"]

API_ALLOWANCE: Final = 100_000
_VERSION: Final = "62.0"


class Store(People, Switches, Door, Journal):
    """One org. Open it with `Store.open`, and in one thread only."""

    database: Database

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder)
        try:
            seeding.found(self.database)
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the org in *folder*, founding it if there is none; use it as a context manager."""
        return cls(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the org stays."""
        self.database.close()

    # --- data -------------------------------------------------------------------------------------------------------

    def seed(self, object_name: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Put *rows* (API field names, also read-only ones) into the org and return their ids.

        A row whose Id is there already changes that record's given fields. Seeding checks names and values, asks for
        no required field, follows no reference, and makes no history.

        Raises:
            RecordError: a row is refused; nothing was stored.
        """
        return seeding.seed(self.database, self._entity(object_name), rows)

    def edit(self, object_name: str, id_or_key: str, values: Mapping[str, Any], user: str | None = None) -> str:
        """Change fields of a record as a person does, and return its id.

        *id_or_key* is its id or external id. *user* is the Id or Name of a User; None means the administrator.

        Raises:
            RecordError: there is no such record or user, or Salesforce would refuse the change.
        """
        entity = self._entity(object_name)
        found_id = self._find(entity, id_or_key)
        return self._as_person(user, lambda author: writes.update(author, entity, {**values, "Id": found_id}))

    def create(self, object_name: str, values: Mapping[str, Any], user: str | None = None) -> str:
        """Create a record as a person does, and return its id; *user* as in `edit`.

        Raises:
            RecordError: Salesforce would refuse it.
        """
        entity = self._entity(object_name)
        return self._as_person(user, lambda author: writes.create(author, entity, dict(values)))

    def delete(self, object_name: str, id_or_key: str, user: str | None = None) -> None:
        """Put a record into the recycle bin, where queryAll still sees it; *user* as in `edit`.

        Raises:
            RecordError: there is no such record.
        """
        entity = self._entity(object_name)
        found_id = self._find(entity, id_or_key)
        self._as_person(user, lambda author: lifecycle.delete(self.database, entity, found_id, author.user))

    def records(self, object_name: str) -> list[dict[str, Any]]:
        """Return every record of an object, deleted ones too, with all its fields as the API shows them."""
        catalog = visible(features=self.features)
        found = cursor.everything(Reader(self.database, catalog, _VERSION), self._entity(object_name).name)
        return [{name: value for name, value in record.items() if name != "attributes"} for record in found]

    # --- what happened ----------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Commit at once what long transactions and delayed commits still hold back."""
        from connectors.sandbox.salesforce import settle  # the API needs a store; here alone a store needs the API

        settle(self)

    # --- switches ---------------------------------------------------------------------------------------------------

    def hide_field(self, object_name: str, field: str) -> None:
        """Take *field* from the API user by field-level security; people still see it."""
        column = self._entity(object_name).column(field)
        if column is None:
            raise RecordError(f"{object_name} has no field '{field}' to hide; write its API name")
        self._set_hidden({*self._hidden(), (self._entity(object_name).name, column.name)})

    def show_field(self, object_name: str, field: str) -> None:
        """Give back a field that `hide_field` took."""
        name = self._entity(object_name).name
        self._set_hidden({pair for pair in self._hidden() if (pair[0], pair[1].lower()) != (name, field.lower())})

    def set_deployed(self, deployed: bool) -> None:
        """Without it, the org is one before setup: of our objects and fields it has what is deployed from then on."""
        self.database.keep("deployed", deployed)

    def set_rights(self, **rights: bool) -> None:
        """Take or give the API user ``may_deploy``, ``view_setup``, ``view_all``, ``edit_all``; or ``flows_active``.

        Without ``profile_shows`` its profile shows it nothing: of the org's own fields, too, it sees what sets grant.
        """
        for name, given in rights.items():
            self.database.keep(name, given)

    def expire_tokens(self) -> None:
        """End every session: the next call with an old token is answered 401 INVALID_SESSION_ID."""
        self.database.rows("delete from token")

    def set_credentials_valid(self, valid: bool) -> None:
        """Without it, every sign-in is refused as invalid_client."""
        self.database.keep("credentials_valid", valid)

    def set_down(self, down: bool) -> None:
        """While set, every call is answered 503 with an HTML page, as a load balancer does."""
        self.database.keep("down", down)

    def set_limit_used(self, calls: int) -> None:
        """Say that *calls* of the day's 100,000 are used; at the last one calls are refused."""
        self.database.keep("limit_used", calls)

    def set_org_id(self, org_id: str) -> None:
        """Become another org: a restored copy, or the wrong one."""
        self.database.rows('update "Organization" set "Id" = ?', (org_id,))

    def lock_rows(self, count: int) -> None:
        """Answer UNABLE_TO_LOCK_ROW for the next *count* records that the API writes."""
        self.database.keep("locks", count)

    # --- what the server asks ---------------------------------------------------------------------------------------

    @property
    def catalog(self) -> Catalog:
        """What the API user sees."""
        return access.catalog(self.database, frozenset(self._hidden()), self.features)

    @property
    def features(self) -> frozenset[str]:
        """What the org has beside the plain edition."""
        return frozenset(self.database.setting("features", []))

    @property
    def org_id(self) -> str:
        """The organization's 18-character id."""
        return str(self.database.rows('select "Id" from "Organization"')[0][0])

    @property
    def api_user(self) -> str:
        """The User id that the API writes as."""
        return str(self.database.setting("api_user"))

    @property
    def credentials(self) -> tuple[str, str]:
        """Consumer key and consumer secret of the API user's app."""
        key, secret = self.database.setting("credentials")
        return key, secret

    def take_locks(self, records: int) -> int:
        """Return how many of the next *records* are locked, and use those locks up."""
        with self.database.transaction():
            locks = int(self.database.setting("locks", 0))
            if locks:
                self.database.keep("locks", max(locks - records, 0))
        return min(locks, records)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _hidden(self) -> set[tuple[str, str]]:
        return {(name, field) for name, field in self.database.setting("hidden", [])}

    def _set_hidden(self, hidden: set[tuple[str, str]]) -> None:
        self.database.keep("hidden", sorted(hidden))
