"""What is wrong with the settings, in words: one sentence per key, with its file and what to write instead."""

from __future__ import annotations

import difflib
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from config.environments import Tables, known_environments


def explain(tables: Tables, item: ErrorDetails, root: type[BaseModel]) -> str:
    """Say what is wrong with one key of *root*, and what to write instead."""
    place = [str(part) for part in item["loc"] if part != "[key]"]  # of a table whose keys are checked too
    # The one check of the settings as a whole is on partners.
    where = f"{tables.file_of(place)}: {'.'.join(place) or 'partners'}"
    # How to sign in is not repeated: a secret may stand in the wrong line.
    found = None if place[:1] in ([], ["crm"]) or isinstance(item["input"], dict) else repr(item["input"])
    if item["type"] == "extra_forbidden":
        return f"{where}: unknown key{_did_you_mean(place, root)}"
    if item["type"] in ("secret", "sign_in"):
        return f"{where}: {item['msg']}"
    if item["type"] == "missing":
        known = known_environments(tables.base) if tables.chosen is None else ()
        choice = f", or choose an environment: --env {' or '.join(known)}" if known else ""
        return f"{where}: missing; add it{choice}"
    if item["type"] == "string_pattern_mismatch":
        return f"{where}: {found or 'the value'} does not fit; it must match {item['ctx']['pattern']}"
    return f"{where}: {item['msg'].removeprefix('Value error, ')}" + (f" (found {found})" if found else "")


def _did_you_mean(place: list[str], root: type[BaseModel]) -> str:
    """Suggest the known key of the same section that is spelled most like the last of *place*."""
    section = root
    for part in place[:-1]:
        field = section.model_fields.get(part)
        if field is None:
            continue  # the free name of a partner or a connection
        types = [field.annotation, *get_args(field.annotation)]
        section = next((kind for kind in types if isinstance(kind, type) and issubclass(kind, BaseModel)), section)
    close = difflib.get_close_matches(place[-1], section.model_fields, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known here: {', '.join(section.model_fields)}"
