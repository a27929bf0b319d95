"""One signed-in call as the parts of the API see it, and what they ask of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request as HttpRequest

from connectors.sandbox.hubspot.bodies import Row, objects_of
from connectors.sandbox.hubspot.database import Database
from connectors.sandbox.hubspot.errors import invalid, unreadable
from connectors.sandbox.hubspot.schema import ObjectType
from connectors.sandbox.hubspot.tiers import TIERS, Tier
from connectors.sandbox.hubspot.writes import Author


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call is answered with, where it is not just 200 and a body; a body of None is none."""

    status: int
    body: Any = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request. *version* is its path's: ``v3``, ``v4``, a date. *rest* are the parts that a route left open."""

    database: Database
    http: HttpRequest
    version: str
    rest: tuple[str, ...]
    raw: bytes

    @property
    def dated(self) -> bool:
        """Its path names a date."""
        return not self.version.startswith("v")

    @property
    def author(self) -> Author:
        """Who writes."""
        return Author(self.database)

    @property
    def tier(self) -> Tier:
        """What the account may do."""
        return TIERS[self.database.setting("tier")]

    @property
    def kind(self) -> ObjectType:
        """The object that the path names first."""
        return self.database.object_type(self.rest[0])

    # --- what the query asks ----------------------------------------------------------------------------------------

    def text(self, name: str) -> str:
        """Return a parameter, empty if it is not given."""
        return self.http.query_params.get(name, "")

    def listed(self, name: str) -> list[str]:
        """Return the values of a parameter that may be repeated, or part its values by commas."""
        given = self.http.query_params.getlist(name)
        return [part.strip() for value in given for part in value.split(",") if part.strip()]

    def flag(self, name: str) -> bool:
        """Return whether a parameter is ``true``.

        Raises:
            HubSpotError: it is neither ``true`` nor ``false``; ``True`` is no boolean.
        """
        value = self.text(name) or "false"
        if value not in ("true", "false"):
            raise invalid(f"{name}: '{value}' is not a valid boolean")
        return value == "true"

    def number(self, name: str, default: int, most: int) -> int:
        """Return a whole number between 1 and *most*.

        Raises:
            HubSpotError: it is none.
        """
        value = self.text(name) or str(default)
        if not value.isdecimal() or not 1 <= int(value) <= most:
            raise invalid(f"{name} must be a number between 1 and {most}, and is {value}")
        return int(value)

    # --- what the body brings ---------------------------------------------------------------------------------------

    def json(self) -> Any:
        """Return the body.

        Raises:
            HubSpotError: it is no JSON.
        """
        try:
            return json.loads(self.raw)
        except (ValueError, RecursionError) as error:
            raise unreadable(str(error) or "nested too deeply") from error

    def object(self) -> Row:
        """Return the body, an object.

        Raises:
            HubSpotError: it is none.
        """
        found = self.json()
        if not isinstance(found, dict):
            raise unreadable("an object was expected")
        return found

    def inputs(self, most: int) -> list[Row]:
        """Return the ``inputs`` of a batch, each an object.

        Raises:
            HubSpotError: there are none, or more than *most*.
        """
        found = objects_of(self.object(), "inputs")
        if not found:
            raise invalid("The batch has no inputs")
        if len(found) > most:
            raise invalid(f"The maximum number of inputs supported by this batch operation is {most}")
        return found
