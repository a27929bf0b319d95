"""What a read will bring, in words: held against those of the run before, they show what an admin changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from connectors.hubspot import labels
from connectors.hubspot.columns import ACCOUNT_TYPE, STAGE, Reading
from connectors.hubspot.derived import Stage
from connectors.hubspot.mapping import Wishes
from connectors.hubspot.session import Properties


def outline(
    readings: Sequence[Reading],
    look: Callable[[str], Properties],
    wishes: Wishes,
    stages: Mapping[str, Stage],
    made: Mapping[int, str],
) -> dict[str, str]:
    """Return ``<stream>.<column>``: its property and the property's type; and ``<stream>``: which rows come.

    No deal changes by what becomes of its stage, or of a label that people *made*: only here does it show.
    """
    listed = ", ".join(sorted(made.values()))
    said = {"users": "owners", labels.STREAM: f"labels {_fingerprint(made)}: {listed}" if made else "no labels"}
    for reading in readings:
        defined = look(reading.object_name)
        whose = " of this workspace" if reading.ours else ""
        said[reading.views[0].stream] = f"{reading.name}{whose}"
        for view in reading.views:
            for column in (*view.columns, *view.custom):
                facts = defined.get(column.property, {})
                type_ = f", {facts['type']}" if "type" in facts else ""
                said[f"{view.stream}.{column.name}"] = f"{column.property or column.source.lstrip(':')}{type_}"
                if column.source == STAGE:
                    said[f"{view.stream}.{column.name}"] += f", stages {_fingerprint(stages)}"
                if column.source == ACCOUNT_TYPE:
                    customers, partners = "/".join(wishes.customer_stages), "/".join(wishes.partner_types)
                    said[f"{view.stream}.{column.name}"] += f", Customer if {customers}, Partner if {partners}"
    return said


def _fingerprint(known: Mapping[int, str] | Mapping[str, Stage]) -> str:
    """Return a word that differs if anything of what is *known* does, and not by its order."""
    return hashlib.sha256(repr(sorted(known.items(), key=str)).encode()).hexdigest()[:8]
