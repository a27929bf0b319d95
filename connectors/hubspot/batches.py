"""Sends batches of records, and takes their answers apart, record by record.

Each input carries a trace of its own: only then does HubSpot refuse single records of a batch, in a 207 answer, and not
all of them for one. Answers come in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.hubspot.errors import RefusedError
from connectors.hubspot.session import HubSpotSession
from overlap.errors import AccessError, TransientError

#: Records that one call takes at most.
MOST: Final = 100
TRACE: Final = "objectWriteTraceId"
#: Whole calls that are refused for what one of their records says: halves of them are tried by themselves.
_SPLIT: Final = frozenset({400, 409, 413})

Input = Mapping[str, Any]


@dataclass(slots=True)
class Answers:
    """What came of the inputs of a batch, by their trace: ids of *taken* records, and errors of *refused* ones."""

    taken: dict[str, str] = field(default_factory=dict)
    refused: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def send(session: HubSpotSession, object_name: str, verb: str, inputs: Sequence[Input]) -> Answers:
    """Have HubSpot *verb* (``create``, ``update``) the records *inputs*; nothing is sent if there is none.

    Raises:
        TransientError: it is not known what was taken of it.
        AccessError: HubSpot took nothing and will not.
    """
    if not inputs:
        return Answers()
    try:
        _, said = session.send("POST", "batch", object_name, verb, body={"inputs": list(inputs)})
    except RefusedError as error:
        if error.status not in _SPLIT:
            raise
        return _halves(session, object_name, verb, inputs, error)
    found = _answers(inputs, said)
    if left := len(inputs) - len(found.taken) - len(found.refused):
        raise TransientError(f"{session.where}: of {len(inputs)} records sent, {left} were not answered")
    return found


def _halves(
    session: HubSpotSession, object_name: str, verb: str, inputs: Sequence[Input], error: RefusedError
) -> Answers:
    """Send again, in halves, what was refused as a whole with *error*; one record by itself is what was meant."""
    half = len(inputs) // 2
    if not half:
        return Answers(refused={str(inputs[0][TRACE]): error.body or {"message": str(error)}})
    first = send(session, object_name, verb, inputs[:half])
    with after_some(bool(first.taken)):
        second = send(session, object_name, verb, inputs[half:])
    return Answers(first.taken | second.taken, first.refused | second.refused)


@contextmanager
def after_some(taken: bool) -> Iterator[None]:
    """Never say that nothing was taken where something was: an AccessError in here is a TransientError then."""
    try:
        yield
    except AccessError as error:
        if not taken:
            raise
        raise TransientError(f"{error}; a part of the same batch was taken") from error


def _answers(inputs: Sequence[Input], said: Any) -> Answers:
    found = Answers()
    by_id = {str(one["id"]): str(one[TRACE]) for one in inputs if "id" in one}
    traces = {str(one[TRACE]) for one in inputs}
    body = said if isinstance(said, dict) else {}
    for result in body.get("results") or ():
        trace = str(result.get(TRACE) or by_id.get(str(result["id"]), ""))
        if trace in traces:
            found.taken[trace] = str(result["id"])
    for error in body.get("errors") or ():
        context = error.get("context") or {}
        named = [*map(str, context.get(TRACE) or ()), *(by_id.get(str(one), "") for one in context.get("ids") or ())]
        found.refused |= {trace: error for trace in named if trace in traces}
    return found
