"""HubSpot's paths, by family: one table. A portal may answer several families, and each of them ends some day.

``v3`` stands for the numbered paths, with associations of ``v4``: HubSpot ends those in 2027. The others carry the date
of their release. Source: HubSpot's published API specifications, and its changelog on legacy APIs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

#: Newest first: what the portal answers of these is used.
FAMILIES: Final = ("2026-09", "2026-03", "v3")
_NUMBERED: Final = "v3"

#: Endpoint to (numbered path, dated path). A date takes the place of ``@``, names of objects and the like that of {}.
_PATHS: Final = {
    "account": ("/account-info/v3/details", "/account-info/@/details"),
    "objects": ("/crm/v3/objects/{}", "/crm/objects/@/{}"),
    "record": ("/crm/v3/objects/{}/{}", "/crm/objects/@/{}/{}"),
    "search": ("/crm/v3/objects/{}/search", "/crm/objects/@/{}/search"),
    "batch": ("/crm/v3/objects/{}/batch/{}", "/crm/objects/@/{}/batch/{}"),
    "properties": ("/crm/v3/properties/{}", "/crm/properties/@/{}"),
    "property": ("/crm/v3/properties/{}/{}", "/crm/properties/@/{}/{}"),
    "property batch": ("/crm/v3/properties/{}/batch/{}", "/crm/properties/@/{}/batch/{}"),
    "groups": ("/crm/v3/properties/{}/groups", "/crm/properties/@/{}/groups"),
    "owners": ("/crm/v3/owners", "/crm/owners/@"),
    "pipelines": ("/crm/v3/pipelines/{}", "/crm/pipelines/@/{}"),
    "associations": ("/crm/v4/associations/{}/{}/batch/{}", "/crm/associations/@/{}/{}/batch/{}"),
    "labels": ("/crm/v4/associations/{}/{}/labels", "/crm/associations/@/{}/{}/labels"),
    "schemas": ("/crm-object-schemas/v3/schemas", "/crm-object-schemas/@/schemas"),
    "schema": ("/crm-object-schemas/v3/schemas/{}", "/crm-object-schemas/@/schemas/{}"),
    "schema associations": (
        "/crm-object-schemas/v3/schemas/{}/associations",
        "/crm-object-schemas/@/schemas/{}/associations",
    ),
    "object limit": ("/crm/v3/limits/custom-object-types", "/crm/limits/@/custom-object-types"),
    "property limit": ("/crm/v3/limits/custom-properties", "/crm/limits/@/custom-properties"),
    "label limit": ("/crm/v3/limits/associations/labels", "/crm/limits/@/associations/labels"),
}


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one *family*."""

    family: str

    def of(self, endpoint: str, *names: str) -> str:
        """Return the path of *endpoint*, with *names* in it: of an object, a verb of a batch, a property."""
        numbered, dated = _PATHS[endpoint]
        path = numbered if self.family == _NUMBERED else dated.replace("@", self.family)
        return path.format(*(quote(name, safe="") for name in names))
