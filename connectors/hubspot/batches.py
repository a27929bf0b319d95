"""Sends batches of records, and takes their answers apart, record by record.

Each input carries a trace of its own: only then does HubSpot refuse single records of a batch, in a 207 answer, and not
all of them for one. Answers come in any order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.hubspot.error_classes import IN_COMPANY, text_of
from connectors.hubspot.errors import RefusedError
from connectors.hubspot.session import HubSpotSession
from overlap.errors import AccessError, BusyError, TransientError

#: Records that one call takes at most.
MOST: Final = 100
TRACE: Final = "objectWriteTraceId"
#: Whole calls that are refused for what one of their records says: halves of them are tried by themselves.
SPLIT: Final = frozenset({400, 404, 409, 413})
#: Calls beyond the first that halving may take: one bad record among 100 is found by as many.
MOST_HALVES: Final = 14

Input = Mapping[str, Any]


@dataclass(slots=True)
class Answers:
    """What came of the inputs of a batch, by their trace: ids of *taken* records, and errors of *refused* ones."""

    taken: dict[str, str] = field(default_factory=dict)
    refused: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def send(session: HubSpotSession, object_name: str, verb: str, inputs: Sequence[Input]) -> Answers:
    """Have HubSpot *verb* (``create``, ``update``) the records *inputs*; nothing is sent if there is none.

    What is refused as a whole for what one record says is halved until that record stands alone, by `MOST_HALVES` calls
    at most: what is left then is for a smaller batch.

    Raises:
        TransientError: it is not known what was taken of it.
        AccessError: HubSpot took nothing and will not.
    """
    found = Answers()
    parts, calls = [list(inputs)] if inputs else [], 0
    while parts:
        part = parts.pop()
        calls += 1
        try:
            with after_some(bool(found.taken), but=SPLIT):
                said, left, why = _sent(session, object_name, verb, part)
            found.taken |= said.taken
            found.refused |= said.refused
        except RefusedError as error:
            if error.status not in SPLIT:
                raise
            left, why = part, {"message": str(error), **error.body}
        half = len(left) // 2
        if half and calls + len(parts) + 2 <= 1 + MOST_HALVES:
            parts += [left[half:], left[:half]]
        else:
            refusal = {"category": IN_COMPANY, "message": text_of(why)} if half else why
            found.refused |= {str(one[TRACE]): refusal for one in left}
    return found


def _sent(
    session: HubSpotSession, object_name: str, verb: str, inputs: Sequence[Input]
) -> tuple[Answers, list[Input], Mapping[str, Any]]:
    """Send *inputs* in one call, and return what came of each; those that a refusal without a name is about; and it."""
    _, said = session.send("POST", "batch", object_name, verb, body={"inputs": list(inputs)})
    found, nameless = _answers(inputs, said)
    left = [one for one in inputs if str(one[TRACE]) not in found.taken.keys() | found.refused.keys()]
    if left and not nameless:
        raise TransientError(f"{session.where}: of {len(inputs)} records sent, {len(left)} were not answered")
    return found, left, nameless[0] if nameless else {}


@contextmanager
def after_some(taken: bool, but: Collection[int] = ()) -> Iterator[None]:
    """Never say that nothing was taken where something was: it is a TransientError, and no other error, then.

    Not a refusal with one of the statuses *but*.
    """
    try:
        yield
    except (AccessError, BusyError) as error:
        if not taken or (isinstance(error, RefusedError) and error.status in but):
            raise
        asked_s = error.retry_after_s if isinstance(error, BusyError) else None
        raise TransientError(f"{error}; a part of the same batch was taken", asked_s) from error


def _answers(inputs: Sequence[Input], said: Any) -> tuple[Answers, list[Mapping[str, Any]]]:
    """Return what *said* tells of *inputs* by name, and its errors that name none of them.

    What it calls both taken and refused is refused: whoever asks for it again is told more.
    """
    found, nameless = Answers(), []
    by_id = {str(one["id"]): str(one[TRACE]) for one in inputs if "id" in one}
    traces = {str(one[TRACE]) for one in inputs}
    body = said if isinstance(said, dict) else {}
    for result in body.get("results") or ():
        trace = str(result.get(TRACE) or by_id.get(str(result["id"]), ""))
        if trace in traces:
            found.taken[trace] = str(result["id"])
    for error in body.get("errors") or ():
        context = error.get("context") or {}
        told = [*map(str, context.get(TRACE) or ()), *(by_id.get(str(one), "") for one in context.get("ids") or ())]
        named = traces.intersection(told)
        found.refused |= dict.fromkeys(named, error)
        if not named:
            nameless.append(error)
    found.taken = {trace: record for trace, record in found.taken.items() if trace not in found.refused}
    return found, nameless
