"""What people do in a portal, in HubSpot's own pages. Their writes meet the same checks as the API's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from connectors.sandbox import deferral
from connectors.sandbox.deferral import Wait
from connectors.sandbox.hubspot import definitions, lifecycle, links, records, writes
from connectors.sandbox.hubspot.database import Database, Record
from connectors.sandbox.hubspot.errors import HubSpotError
from connectors.sandbox.hubspot.links import Ends
from connectors.sandbox.hubspot.schema import ObjectType, Option
from connectors.sandbox.hubspot.writes import Author
from overlap.errors import RecordError

_T = TypeVar("_T")
_PERSON = "a person"
_SLOW = ("create", "edit", "archive", "restore", "merge", "label", "unlabel")


class Hands:
    """The part of a `Portal` that people are. *user* is a name for the history; ids are texts, as in the API."""

    database: Database

    def create(self, object_name: str, values: Mapping[str, Any], user: str = _PERSON) -> str:
        """Make a record, and return its id.

        Raises:
            RecordError: HubSpot would refuse it.
        """
        kind = self._kind(object_name)
        return str(self._as_person(user, lambda author: writes.create(author, kind, _texts(values))))

    def edit(self, object_name: str, id_or_key: str, values: Mapping[str, Any], user: str = _PERSON) -> str:
        """Change properties of the record with that id, or that value of a unique property; return its id.

        Raises:
            RecordError: there is no such record, or HubSpot would refuse the change.
        """
        kind = self._kind(object_name)
        found = self._find(kind, id_or_key)
        self._as_person(user, lambda author: writes.update(author, kind, found, _texts(values)))
        return str(found.id)

    def archive(self, object_name: str, id_or_key: str, user: str = _PERSON) -> None:
        """Delete a record: for 90 days it is in the archive.

        Raises:
            RecordError: there is no such record.
        """
        kind = self._kind(object_name)
        found = self._find(kind, id_or_key)
        self._as_person(user, lambda author: lifecycle.archive(author, kind, found.id))

    def restore(self, object_name: str, record_id: str, user: str = _PERSON) -> None:
        """Take a record out of the archive.

        Raises:
            RecordError: it is not there.
        """
        kind = self._kind(object_name)
        self._as_person(user, lambda author: lifecycle.restore(author, kind, _number(record_id)))

    def merge(self, object_name: str, primary: str, other: str, user: str = _PERSON) -> str:
        """Merge *other* into *primary*, and return the id of what comes of it.

        Raises:
            RecordError: one is not there.
        """
        kind = self._kind(object_name)
        ids = _number(primary), _number(other)
        return str(self._as_person(user, lambda author: lifecycle.merge(author, kind, *ids)))

    # --- associations -----------------------------------------------------------------------------------------------

    def associate(self, start: tuple[str, str], end: tuple[str, str], label: str = "", user: str = _PERSON) -> None:
        """Associate two records, each (object, id), with a *label* that is there.

        Raises:
            RecordError: a record, or the label, is not there.
        """
        ends = self._ends(start, end)
        wanted = self._types(ends, label) if label else []
        self._as_person(user, lambda author: links.connect(author, ends, wanted))

    def seed_link(self, start: tuple[str, str], end: tuple[str, str], *labels: str) -> None:
        """Associate two records that are there, from outside: it is in no history."""
        ends = self._ends(start, end)
        plain = [] if "Parent Company" in labels else [links.plain(self.database, ends.kind, ends.to_kind)]
        with self.database.transaction():
            links.found(self.database, ends, [*plain, *(one for label in labels for one in self._types(ends, label))])

    def dissociate(self, start: tuple[str, str], end: tuple[str, str], label: str = "", user: str = _PERSON) -> None:
        """Take a *label* from an association, without one end it."""
        ends = self._ends(start, end)
        taken = self._types(ends, label) if label else None
        self._as_person(user, lambda author: links.disconnect(author, ends, taken))

    def create_label(self, start: str, end: str, label: str, inverse: str = "", user: str = _PERSON) -> None:
        """Make a label for associations from one object to another; *inverse* are its words in the other direction.

        Raises:
            RecordError: HubSpot would refuse it.
        """
        kinds, name = (self._kind(start), self._kind(end)), label.lower().replace(" ", "_")
        self._as_person(user, lambda author: links.add_label(author, kinds, name, (label, inverse)))

    def label(self, deal: str, company: str, label: str, user: str = _PERSON) -> None:
        """Say what a company has to do with a deal."""
        self.associate(("deals", deal), ("companies", company), label, user)

    def unlabel(self, deal: str, company: str, label: str, user: str = _PERSON) -> None:
        """Take that back."""
        self.dissociate(("deals", deal), ("companies", company), label, user)

    def set_parent(self, child: str, parent: str, user: str = _PERSON) -> None:
        """Make *parent* the parent company of *child*."""
        self.associate(("companies", child), ("companies", parent), "Parent Company", user)

    # --- definitions ------------------------------------------------------------------------------------------------

    def create_property(self, object_name: str, definition: Mapping[str, Any], user: str = _PERSON) -> None:
        """Make a property; *definition* is what the API takes.

        Raises:
            RecordError: HubSpot would refuse it.
        """
        kind = self._kind(object_name)
        self._as_person(user, lambda author: definitions.made(author, kind, definition))

    def archive_property(self, object_name: str, name: str, user: str = _PERSON) -> None:
        """Delete a property."""
        kind = self._kind(object_name)
        found = self._property(kind, name)
        self._as_person(user, lambda author: definitions.put_away(author, kind, found))

    def add_option(self, object_name: str, name: str, value: str, label: str = "") -> None:
        """Add an option to a property, HubSpot's own ones too."""
        kind = self._kind(object_name)
        found = self._property(kind, name)
        self.database.define(kind, replace(found, options=(*found.options, Option(value, label or value))))

    def remove_option(self, object_name: str, name: str, value: str) -> None:
        """Remove an option of a property; records keep the value."""
        kind = self._kind(object_name)
        found = self._property(kind, name)
        left = tuple(option for option in found.options if option.value != value)
        self.database.define(kind, replace(found, options=left))

    # --- slowly -----------------------------------------------------------------------------------------------------

    def in_a_long_transaction(
        self, action: str, *arguments: Any, requests: int | None = None, seconds: float | None = None
    ) -> None:
        """Do `create`, `edit`, `archive`, `restore`, `merge`, `label` or `unlabel`, and let it be seen later.

        The change has the time of now, and is there after so many more requests, or when so many seconds have passed.

        Raises:
            RecordError: *action* is none of these.
        """
        if action not in _SLOW:
            raise RecordError(f"'{action}' is nothing that a person does slowly; take {', '.join(_SLOW)}")
        wait = Wait(requests, seconds) if requests is not None or seconds is not None else Wait(requests=1)
        with self.database.transaction():
            act = {"action": action, "arguments": list(arguments)}
            deferral.later(self.database, act, wait, [], late=True)

    def replay(self, act: Mapping[str, Any]) -> None:
        """Do what `in_a_long_transaction` kept."""
        getattr(self, act["action"])(*act["arguments"])

    # --- inside -----------------------------------------------------------------------------------------------------

    def _kind(self, object_name: str) -> ObjectType:
        every = self.database.types().values()
        for kind in every:
            if object_name.lower() in (kind.word.lower(), kind.type_id, *(name.lower() for name in kind.names)):
                return kind
        names = ", ".join(kind.word for kind in every)
        raise RecordError(f"the sandbox has no object '{object_name}'; it has {names}")

    def _find(self, kind: ObjectType, id_or_key: str) -> Record:
        unique = [definition.name for definition in self.database.properties(kind).values() if definition.unique]
        for name in ("", *unique):
            found = records.identified(self.database, kind, id_or_key, name)
            if found is not None and found.archived_at is None:
                return found
        raise RecordError(f"{kind.word} has no record '{id_or_key}'; give its id, or the value of a unique property")

    def _property(self, kind: ObjectType, name: str) -> Any:
        found = self.database.properties(kind).get(name)
        if found is None:
            raise RecordError(f"{kind.word} has no property '{name}'; write its internal name")
        return found

    def _ends(self, start: tuple[str, str], end: tuple[str, str]) -> Ends:
        return Ends(self._kind(start[0]), _number(start[1]), self._kind(end[0]), _number(end[1]))

    def _types(self, ends: Ends, label: str) -> list[links.LinkType]:
        every = links.types(self.database, ends.kind, ends.to_kind)
        found = [one for one in every if (one.label or "").lower() == label.lower()]
        if not found:
            known = ", ".join(one.label for one in every if one.label)
            raise RecordError(f"no label '{label}' from {ends.kind.word} to {ends.to_kind.word}; there are: {known}")
        return found[:1]

    def _as_person(self, user: str, act: Callable[[Author], _T]) -> _T:
        try:
            with self.database.transaction():
                return act(Author(self.database, user))
        except HubSpotError as error:
            raise RecordError(str(error)) from error


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Return *values* as HubSpot takes them: nothing is an empty text, a boolean is a word."""
    return {name: "" if value is None else _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(record_id: str) -> int:
    if not record_id.isdecimal():
        raise RecordError(f"'{record_id}' is no record id; HubSpot's are numbers")
    return int(record_id)
