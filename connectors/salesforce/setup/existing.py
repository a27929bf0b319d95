"""What an org has of our fields, in its own words: a field that is deployed again keeps what an admin did to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from connectors.salesforce.session import SalesforceSession
from connectors.salesforce.setup.component import NAMESPACE, Part, parts_of
from connectors.salesforce.setup.metadata_api import retrieve_all
from overlap.errors import AccessError


def own_fields(session: SalesforceSession, names: Sequence[str]) -> dict[str, list[Part]]:
    """Return the parts of the custom fields *names* by full name; none if this user may not fetch metadata.

    Whoever may not fetch may not deploy either.
    """
    try:
        files = retrieve_all(session, {"CustomField": list(names)}) if names else {}
    except AccessError:
        return {}
    found = {}
    for path, content in files.items():
        owner = path.rpartition("/")[2].removesuffix(".object")
        for element in ElementTree.fromstring(content).iterfind(f"{{{NAMESPACE}}}fields"):
            parts = parts_of(element)
            found[f"{owner}.{dict(parts).get('fullName')}"] = [part for part in parts if part[0] != "fullName"]
    return found


def described_field(facts: Mapping[str, Any]) -> list[Part]:
    """Return the parts that the description *facts* of a field tells; values that are switched off are not in it."""
    parts: list[Part] = [("label", facts["label"])] if "label" in facts else []
    if help_text := facts.get("inlineHelpText"):
        parts.append(("inlineHelpText", help_text))
    listed = facts.get("picklistValues")
    if listed and facts.get("type") in ("picklist", "multipicklist"):
        values = [("value", _value(one)) for one in listed]
        definition = [("sorted", False), *values]
        restricted = ("restricted", bool(facts.get("restrictedPicklist")))
        parts.append(("valueSet", [restricted, ("valueSetDefinition", definition)]))
    return parts


def _value(told: Mapping[str, Any]) -> list[Part]:
    off: list[Part] = [] if told.get("active", True) else [("isActive", False)]
    default = ("default", bool(told.get("defaultValue")))
    return [("fullName", told["value"]), default, *off, ("label", told.get("label") or told["value"])]
