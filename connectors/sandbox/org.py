"""What every part of a `Store` stands on: the file, names turned into objects and records, and a person who acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from connectors.sandbox.database import Database
from connectors.sandbox.errors import ApiError
from connectors.sandbox.ids import with_checksum
from connectors.sandbox.schema import Entity, visible
from connectors.sandbox.writes import Author
from overlap.errors import RecordError

_T = TypeVar("_T")


class Org:
    """An org by its *database*. The parts of `Store` are subclasses of it."""

    database: Database

    def _entity(self, object_name: str) -> Entity:
        try:
            return visible().entity(object_name)
        except ApiError as error:
            raise RecordError(f"the sandbox has no object '{object_name}'; write its API name") from error

    def _find(self, entity: Entity, id_or_key: str) -> str:
        for column in entity:
            if column.name == "Id" or column.external_id:
                wanted = with_checksum(id_or_key) if column.name == "Id" else id_or_key
                found = self.database.find(entity, column, wanted)
                if found is not None:
                    return str(found["Id"])
        raise RecordError(f"{entity.name} has no record '{id_or_key}'; give its id or its external id")

    def _as_person(self, user: str | None, act: Callable[[Author], _T]) -> _T:
        person = self._user(user)
        try:
            with self.database.transaction():
                return act(Author(self.database, visible(), person))
        except ApiError as error:
            raise RecordError(str(error)) from error

    def _user(self, user: str | None) -> str:
        if user is None:
            return str(self.database.setting("person"))
        found = self.database.rows('select "Id" from "User" where "Id" = ?1 or "Name" = ?1', (user,))
        if not found:
            raise RecordError(f"the sandbox has no user '{user}'; give the Id or Name of a User")
        return str(found[0][0])
