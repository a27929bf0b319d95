"""What only people do, in Salesforce's own pages: merge, restore, empty the bin, convert; and do it slowly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.sandbox import deferral, lifecycle
from connectors.sandbox.deferral import Wait
from connectors.sandbox.org import Org
from overlap.errors import RecordError


class People(Org):
    """The hands of a person in the org; *user* is the Id or Name of a User, None the administrator."""

    def merge(self, object_name: str, survivor: str, *losers: str, user: str | None = None) -> None:
        """Merge one or two *losers* into *survivor*: what points to them points to it, they go into the bin.

        Raises:
            RecordError: there is no such record, or Salesforce cannot merge them.
        """
        entity = self._entity(object_name)
        kept, gone = self._find(entity, survivor), [self._find(entity, loser) for loser in losers]
        self._as_person(user, lambda author: lifecycle.merge(author, entity, kept, gone))

    def undelete(self, object_name: str, record_id: str, user: str | None = None) -> None:
        """Take a record out of the bin, with what its deletion took along.

        Raises:
            RecordError: it is not in the bin.
        """
        entity = self._entity(object_name)
        found = self._find(entity, record_id)
        self._as_person(user, lambda author: lifecycle.undelete(author, entity, found))

    def purge(self, object_name: str, *record_ids: str) -> None:
        """Empty the bin of these records, or of all: from then on nobody sees that they were there."""
        lifecycle.purge(self.database, self._entity(object_name), record_ids)

    def convert_lead(self, lead: str, account: str, user: str | None = None) -> None:
        """Say that *lead* became *account*: it stays readable, and is no lead any more.

        Raises:
            RecordError: there is no such lead or account, or it is converted already.
        """
        entity = self._entity("Lead")
        into = self._find(self._entity("Account"), account)
        found = self._find(entity, lead)
        self._as_person(user, lambda author: lifecycle.convert(author, entity, found, into))

    def in_a_long_transaction(
        self, action: str, *arguments: Any, requests: int | None = None, seconds: float | None = None
    ) -> None:
        """Do `edit`, `create`, `delete`, `undelete` or `merge` with *arguments*, and commit it late.

        The change is stamped with the time now and is seen after so many more requests to the server, or when so many
        seconds of the org's time have passed at a request; until then the record that it names is locked.

        Raises:
            RecordError: *action* is none of these.
        """
        if action not in ("edit", "create", "delete", "undelete", "merge"):
            raise RecordError(f"'{action}' is nothing that a person does; take edit, create, delete, undelete or merge")
        act = {"action": action, "arguments": list(arguments)}
        touched = [argument for argument in arguments[1:] if isinstance(argument, str)]
        wait = Wait(requests, seconds) if requests is not None or seconds is not None else Wait(requests=1)
        with self.database.transaction():
            deferral.later(self.database, act, wait, touched, late=True)

    def replay(self, act: Mapping[str, Any]) -> None:
        """Do what `in_a_long_transaction` kept."""
        getattr(self, act["action"])(*act["arguments"])
