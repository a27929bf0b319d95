"""Makes what a portal lacks, step by step. What a crash leaves is compared anew by the next run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from connectors.hubspot.batches import MOST
from connectors.hubspot.columns import STANDARD
from connectors.hubspot.error_classes import text_of
from connectors.hubspot.errors import RefusedError
from connectors.hubspot.portal import COMPANIES, DEALS
from connectors.hubspot.session import HubSpotSession
from connectors.hubspot.setup.difference import Action, Kinds, Step
from connectors.shapes import strange
from overlap.errors import AccessError

_ENDPOINTS: Final = {
    Kinds.GROUP: ("POST", "groups"),
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
    # A new object takes a while until lists of objects show it: its id is in the answer.
    type_ids = {**{name: _TYPE_IDS[path] for name, path in STANDARD.items()}, **session.portal.type_ids}
    wanted = [step for step in steps if step.action in (Action.CREATE, Action.CHANGE)]
    for (kind, place), of_place in groupby(wanted, key=lambda step: (step.kind, step.place)):
        there = list(of_place)
        if kind is Kinds.PROPERTY:
            for start in range(0, len(there), MOST):
                _make_properties(session, place[0], there[start : start + MOST])
        else:
            for step in there:
                _make_one(session, step, type_ids)
    session.look_again()
    return len(wanted)


def _make_one(session: HubSpotSession, step: Step, type_ids: dict[str, str]) -> None:
    method, endpoint = _ENDPOINTS[step.kind]
    try:
        _, said = session.send(method, endpoint, *step.place, body=_resolved(step, type_ids))
    except RefusedError as error:
        if step.kind is Kinds.LABEL and error.status == _CONFLICT:
            raise _renamed(step, error) from error
        raise
    if step.kind is Kinds.OBJECT:
        type_ids[step.name] = str(said["objectTypeId"])


def _make_properties(session: HubSpotSession, object_name: str, steps: Sequence[Step]) -> None:
    """Make the properties of *steps* in one call. Some of them may be refused, and the others made."""
    inputs = [dict(step.body) for step in steps]
    _, body = session.send("POST", "property batch", object_name, "create", body={"inputs": inputs})
    said = body or {}
    refused = [text_of(error) for error in said.get("errors") or ()]
    if refused:
        raise AccessError(
            f"{session.where}: {len(refused)} of {len(steps)} properties of {object_name} were refused: "
            f"{'; '.join(refused)}; the others are made: correct this in HubSpot, then set up again"
        )
    if len(said.get("results") or ()) < len(steps):
        raise strange(session.where, f"properties of {object_name} that were neither made nor refused")


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
