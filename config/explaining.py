"""What is wrong with the settings, in words: one sentence per key, with its file and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from config.environments import Tables, known_environments


def explain(tables: Tables, item: ErrorDetails, root: type[BaseModel]) -> str:
    """Say what is wrong with one key of *root*, and what to write instead."""
    place, kind = _placed(item["loc"])
    # The one check of the settings as a whole is on partners.
    where = f"{tables.file_of(place)}: {'.'.join(place) or 'partners'}"
    # How to sign in is not repeated: a secret may stand in the wrong line.
    found = None if place[:1] in ([], ["crm"], ["telling"]) or isinstance(item["input"], dict) else repr(item["input"])
    if item["type"] == "extra_forbidden":
        return f"{where}: unknown key{_did_you_mean(place, root, kind)}"
    if item["type"] in ("crm_type", "channel_type"):
        return f"{where}.type: {item['msg']}"
    if item["type"] in ("secret", "sign_in"):
        return f"{where}: {item['msg']}"
    if item["type"] == "missing":
        known = known_environments(tables.base) if tables.chosen is None else ()
        choice = f", or choose an environment: --env {' or '.join(known)}" if known else ""
        return f"{where}: missing; add it{choice}"
    if item["type"] == "string_pattern_mismatch":
        return f"{where}: {found or 'the value'} does not fit; it must match {item['ctx']['pattern']}"
    return f"{where}: {item['msg'].removeprefix('Value error, ')}" + (f" (found {found})" if found else "")


def _placed(loc: tuple[int | str, ...]) -> tuple[list[str], str | None]:
    """Return the path of keys that *loc* means, and of a CRM's or a channel's keys its kind, which is among them."""
    place = [str(part) for part in loc if part != "[key]"]  # of a table whose keys are checked too
    if place[:1] == ["crm"] and len(place) > 2:
        return place[:2] + place[3:], place[2]
    if place[:2] == ["telling", "channels"] and len(place) > 3:
        return place[:3] + place[4:], place[3]
    return place, None


def _did_you_mean(place: list[str], root: type[BaseModel], kind: str | None) -> str:
    """Suggest the known key of the same section that is spelled most like the last of *place*."""
    section = root
    for part in place[:-1]:
        field = section.model_fields.get(part)
        if field is None:
            continue  # the free name of a partner or a connection
        section = next((one for one in _sections(field.annotation) if _is_of(one, kind)), section)
    close = difflib.get_close_matches(place[-1], section.model_fields, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known here: {', '.join(section.model_fields)}"


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections(part)


def _is_of(section: type[BaseModel], kind: str | None) -> bool:
    fields = section.model_fields
    return kind is None or "type" not in fields or kind in get_args(fields["type"].annotation)
