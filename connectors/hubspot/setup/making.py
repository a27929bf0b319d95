"""Makes what a portal lacks, step by step. What a crash leaves is compared anew by the next run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from connectors.hubspot.columns import STANDARD
from connectors.hubspot.errors import RefusedError
from connectors.hubspot.portal import COMPANIES, DEALS
from connectors.hubspot.session import HubSpotSession
from connectors.hubspot.setup.difference import Action, Kinds, Step
from overlap.errors import AccessError

_ENDPOINTS: Final = {
    Kinds.GROUP: ("POST", "groups"),
    Kinds.PROPERTY: ("POST", "properties"),
    Kinds.OPTIONS: ("PATCH", "property"),
    Kinds.OBJECT: ("POST", "schemas"),
    Kinds.ASSOCIATION: ("POST", "schema associations"),
    Kinds.LABEL: ("POST", "labels"),
}
_CONFLICT: Final = 409
_TYPE_IDS: Final = {COMPANIES: "0-2", DEALS: "0-3"}


def make(session: HubSpotSession, steps: Iterable[Step]) -> int:
    """Do what *steps* say, in their order, and return how many of them changed something.

    Raises:
        AccessError: the portal refuses; what was made until then stays, and the next setup goes on from there.
        TransientError: the portal is out of service.
    """
    made = 0
    # A new object takes a while until lists of objects show it: its id is in the answer.
    type_ids = {**{name: _TYPE_IDS[path] for name, path in STANDARD.items()}, **session.portal.type_ids}
    for step in steps:
        if step.action in (Action.CREATE, Action.CHANGE):
            method, endpoint = _ENDPOINTS[step.kind]
            try:
                _, said = session.send(method, endpoint, *step.place, body=_resolved(step, type_ids))
            except RefusedError as error:
                if step.kind is Kinds.LABEL and error.status == _CONFLICT:
                    raise _renamed(step, error) from error
                raise
            if step.kind is Kinds.OBJECT:
                type_ids[step.name] = str(said["objectTypeId"])
            made += 1
    session.look_again()
    return made


def _renamed(step: Step, error: RefusedError) -> AccessError:
    """Return what to do about a label that HubSpot has and does not show: it tells words of labels, never names."""
    words = step.body["label"]
    return AccessError(
        f"{error}; a label was made as '{words}' and has other words now, and influence is confirmed by the words: in "
        f"HubSpot, call it '{words}' again or delete it, then set up again"
    )


def _resolved(step: Step, type_ids: dict[str, str]) -> dict[str, Any]:
    """Return the body of *step* with the ids of the objects that it names."""
    body = dict(step.body)
    if step.kind is Kinds.OBJECT:
        body["associatedObjects"] = [type_ids[name] for name in body["associatedObjects"]]
    if step.kind is Kinds.ASSOCIATION:
        body["toObjectTypeId"] = type_ids[body["toObjectTypeId"]]
    return body
