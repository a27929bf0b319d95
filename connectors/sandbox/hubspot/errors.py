"""What HubSpot says when it refuses, word for word where its words are known.

A whole call is refused with ``body``, one row of a 207 answer with ``row``, which names neither links nor details, as
in HubSpot's own. Sources: HubSpot's error handling guide, and bodies that public bug reports quote. Of the page limits,
the search limits, numbers and formats, pipelines, schemas and labels, only the status and the category are known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.sandbox.errors import Refusal

_SCOPES = "https://developers.hubspot.com/scopes"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the value of one property."""

    name: str
    code: str
    message: str


class HubSpotError(Refusal):
    """A refusal. *more* are further keys of its body: subCategory, context, errors, links, or those of a limit.

    Without a *category* the body has none, as some of HubSpot's.
    """

    def __init__(self, status: int, category: str, message: str, **more: Any) -> None:
        super().__init__(f"{category}: {message}")
        self.status = status
        self.category = category
        self.message = message
        self.more = more

    def body(self, correlation_id: str) -> dict[str, Any]:
        """Return the body of a whole call that is refused."""
        said = {"status": "error", "message": self.message, "correlationId": correlation_id}
        return said | ({"category": self.category} if self.category else {}) | self.more

    def row(self, context: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Return the error of one row in a 207 answer; *context* says which."""
        said = {"status": "error", "category": self.category, "message": self.message}
        if "subCategory" in self.more:
            said["subCategory"] = self.more["subCategory"]
        return said | {"context": {**self.more.get("context", {}), **{name: [*ids] for name, ids in context.items()}}}


def invalid(message: str, **more: Any) -> HubSpotError:
    """Return the refusal of a request that asks for what cannot be."""
    return HubSpotError(400, "VALIDATION_ERROR", message, **more)


def invalid_properties(problems: Sequence[Problem], portal_id: int) -> HubSpotError:
    """Return the refusal of a record for the values of its properties."""
    told = [
        {
            "isValid": False,
            "message": problem.message,
            "error": problem.code,
            "name": problem.name,
            "localizedErrorMessage": problem.message,
            "portalId": portal_id,
        }
        for problem in problems
    ]
    details = [
        {"message": problem.message, "code": problem.code, "context": {"propertyName": [problem.name]}}
        for problem in problems
    ]
    return invalid(f"Property values were not valid: {json.dumps(told, separators=(',', ':'))}", errors=details)


def unreadable(message: str) -> HubSpotError:
    """Return the refusal of a body that is not what the call takes."""
    return invalid(f"Invalid input JSON on line 1, column 1: {message}")


def not_found(message: str = "resource not found") -> HubSpotError:
    """Return the refusal of a path or a record that leads nowhere."""
    return HubSpotError(404, "OBJECT_NOT_FOUND", message)


def missing_records(legacy: str) -> HubSpotError:
    """Return what a batch says of ids that lead nowhere."""
    message = f"Could not get some {legacy} objects, they may be deleted or not exist. Check that ids are valid."
    return HubSpotError(404, "OBJECT_NOT_FOUND", message)


def unknown_type(name: str) -> HubSpotError:
    """Return the refusal of an object type that the portal does not have."""
    if name[:2] in ("0-", "2-"):
        return HubSpotError(400, "", f"Invalid object or event type id: {name}")
    return HubSpotError(400, "", f"Unable to infer object type from: {name}")


def not_unique(type_id: str, name: str, portal_id: int) -> HubSpotError:
    """Return the refusal of an ``idProperty`` whose values are not unique."""
    return invalid(f"Unable to perform update/upsert by non-unique {type_id} property {name} in portal ID {portal_id}")


def repeated(ids: Sequence[str]) -> HubSpotError:
    """Return the refusal of a batch in which two inputs are one record."""
    return invalid(
        f"Duplicate IDs found in batch input: [{', '.join(ids)}]. IDs must be unique", context={"ids": [*ids]}
    )


def taken(coordinates: tuple[int, str, str, str], record: int, owner: int) -> HubSpotError:
    """Return the refusal of a unique value (portal, legacy type, property, value) that *owner* has already."""
    portal_id, legacy, name, value = coordinates
    where = f"portalId={portal_id}, objectTypeId=ObjectTypeId{{legacyObjectType={legacy}}}"
    said = f"Cannot set PropertyValueCoordinates{{{where}, propertyName={name}, value={value}}}"
    return invalid(f"{said} on {record}. {owner} already has that value.")


def unauthenticated() -> HubSpotError:
    """Return the refusal of a call without a valid token."""
    message = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
        "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
    )
    return HubSpotError(401, "INVALID_AUTHENTICATION", message)


def expired(ago_s: int, at: datetime) -> HubSpotError:
    """Return the refusal of a token that expired *at*."""
    message = f"The OAuth token used to make this call expired {ago_s} second(s) ago."
    return HubSpotError(401, "EXPIRED_AUTHENTICATION", message, context={"expire time": [instant(at)]})


def missing_scopes(scopes: Sequence[str]) -> HubSpotError:
    """Return the refusal of a call whose token has none of *scopes*, one of which would do."""
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [*scopes]},
    }
    message = (
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {_SCOPES}."
    )
    return HubSpotError(403, "MISSING_SCOPES", message, errors=[detail], links={"scopes": _SCOPES})


def too_many(policy: str, group: str) -> HubSpotError:
    """Return the refusal of one call too many; *policy* is DAILY, SECONDLY or TEN_SECONDLY_ROLLING."""
    message = f"You have reached your {policy.lower()} limit."
    return HubSpotError(429, "", message, errorType="RATE_LIMIT", policyName=policy, groupName=group)


def instant(at: datetime) -> str:
    """Return *at*, in UTC, as HubSpot writes a time."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
