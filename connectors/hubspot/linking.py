"""Sends changes of associations, and takes their answers apart, record by record.

HubSpot need not say which records a refusal is about. Sending such a change again changes nothing, so what is refused
without a name is tried again in halves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.hubspot.batches import SPLIT, Input, after_some
from connectors.hubspot.error_classes import IN_COMPANY, text_of
from connectors.hubspot.errors import RefusedError
from connectors.hubspot.session import HubSpotSession
from overlap.errors import TransientError

#: Calls beyond the first that halving may take; what is left then is for a smaller batch.
_MOST_HALVES: Final = 14
#: What HubSpot says of records whose associations it refuses, by the record that they begin at.
Refused = dict[str, Mapping[str, Any]]


def change(session: HubSpotSession, ends: tuple[str, str], verb: str, inputs: Sequence[Input]) -> Refused:
    """Have HubSpot *verb* (``create``, ``archive``) the associations *inputs* between objects *ends*.

    Raises:
        TransientError: it is not known what was taken.
        AccessError: HubSpot took nothing and will not.
    """
    refused: Refused = {}
    parts, calls = [list(inputs)] if inputs else [], 0
    while parts:
        part = parts.pop()
        with after_some(calls > 0):
            named, nameless = _sent(session, ends, verb, part)
        calls += 1
        refused |= named
        left = [one for one in part if _start(one) not in named] if nameless else []
        half = len(left) // 2
        if half and calls + len(parts) + 2 <= 1 + _MOST_HALVES:
            parts += [left[half:], left[:half]]
        elif left:
            why = {"category": IN_COMPANY, "message": text_of(nameless[0])} if half else nameless[0]
            refused |= dict.fromkeys(map(_start, left), why)
    return refused


def _sent(
    session: HubSpotSession, ends: tuple[str, str], verb: str, inputs: Sequence[Input]
) -> tuple[Refused, list[Mapping[str, Any]]]:
    """Send *inputs* in one call, and return its refusals: those that name a record, and those that name none."""
    try:
        _, said = session.send("POST", "associations", *ends, verb, body={"inputs": list(inputs)})
    except RefusedError as error:
        if error.status not in SPLIT:
            raise
        return {}, [error.body or {"message": str(error)}]
    body = said if isinstance(said, dict) else {}
    named, nameless = _refused(inputs, body.get("errors") or ())
    answered = len(body.get("results") or ()) + sum(_start(one) in named for one in inputs)
    if verb == "create" and answered < len(inputs) and not nameless:
        raise TransientError(f"{session.where}: of {len(inputs)} associations sent, some were not answered")
    return named, nameless


def _refused(inputs: Sequence[Input], errors: Sequence[Mapping[str, Any]]) -> tuple[Refused, list[Mapping[str, Any]]]:
    """Return the errors that name records of *inputs*, by record, and those that name none."""
    starts = {_start(one) for one in inputs}
    refused: Refused = {}
    nameless = []
    for error in errors:
        context = error.get("context") or {}
        named = {str(one) for key in ("from", "fromObjectId") for one in context.get(key) or ()} & starts
        refused |= dict.fromkeys(named, error)
        if not named:
            nameless.append(error)
    return refused, nameless


def _start(one: Input) -> str:
    return str(one["from"]["id"])
