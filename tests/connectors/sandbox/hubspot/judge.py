"""A judge of every exchange: HubSpot's own published OpenAPI descriptions, which stay outside of the repository.

OVERLAP_HUBSPOT_SPECS names their folder, a copy of HubSpot's public API spec collection. A request that was taken must
be as they say, and so must every answer, but for what is known of HubSpot itself: see `_as_published`.
"""

from __future__ import annotations

import json
import os
import re
from functools import cached_property
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

SETTING = "OVERLAP_HUBSPOT_SPECS"
_HOST = "https://api.hubapi.com"
_FILES = {
    *("accountInfo", "associations", "associationsSchema", "companies", "crmOwners", "customObjects", "deals"),
    *("limitsTracking", "oauth", "objects", "pipelines", "properties", "schemas"),
}
_VERSIONS = {"v1", "v3", "v4", "2026-03", "2026-09"}


class Judge:
    """Holds exchanges against the descriptions in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._described: dict[tuple[str, int], OpenAPI] = {}
        self.judged = 0

    def hear(self, method: str, url: str, headers, body: bytes, status: int, kind: str, reply: bytes) -> None:
        """Judge one exchange. Some paths were published twice, and differently: one of the two must hold."""
        path, query = urlsplit(url).path.rstrip("/"), urlsplit(url).query
        described = [one for one in self._templates if re.fullmatch(one[1], path) and method.lower() in one[3]]
        if not described:
            assert status >= 400, f"{method} {path} is answered, but nowhere published"
            return
        asked, content_type = body, headers.get("Content-Type", "")
        if status < 400 and content_type.startswith("application/json"):
            asked = json.dumps(_as_taken(path, json.loads(body or b"null"))).encode()
        status, reply = _as_published(path, status, reply)
        refused: list[OpenAPIError] = []
        best = described[0][0].count("{")
        for template, _, spec, _ in [one for one in described if one[0].count("{") == best]:
            request = MockRequest(
                _HOST,
                method,
                path,
                args=_Args(parse_qsl(query)),
                headers=dict(headers),
                data=asked,
                content_type=content_type.lower(),
            )
            openapi = self._openapi(template, spec)
            try:
                if status < 400:
                    openapi.validate_request(request)
                said = reply or str(status) in spec["paths"][template][method.lower()]["responses"]
                if status != 204 and said and not kind.startswith("text/html"):
                    openapi.validate_response(request, MockResponse(reply, status, {}, "application/json"))
            except OpenAPIError as error:
                refused.append(error)
                continue
            self.judged += 1
            return
        raise refused[0]

    @cached_property
    def _templates(self) -> list[tuple[str, str, dict, set[str]]]:
        """Paths as published, the most definite first: (template, pattern, the description that has it, methods)."""
        found = []
        for file in self._folder.rglob("*.json"):
            if file.stem in _FILES and file.parent.name in _VERSIONS:
                # Errors are described as any kind of content: all are JSON. Ids are described as shorter than they are.
                text = file.read_text(encoding="utf-8").replace('"*/*"', '"application/json"')
                spec = json.loads(text.replace('"int32"', '"int64"'))
                for path, methods in spec["paths"].items():
                    found.append((path, re.sub(r"\{[^}]+\}", "[^/]+", path), spec, set(methods)))
        assert found, f"{SETTING} names a folder without HubSpot's API descriptions"
        return sorted(found, key=lambda one: (one[0].count("{"), one[0]))

    def _openapi(self, template: str, spec: dict) -> OpenAPI:
        key = template, id(spec)
        if key not in self._described:
            # Who may call is no matter of form, and the tests of the sandbox itself.
            methods = {
                name: {part: value for part, value in what.items() if part != "security"}
                for name, what in spec["paths"][template].items()
            }
            alone = {**spec, "security": [], "paths": {template: methods}}
            self._described[key] = OpenAPI.from_dict(alone, config=Config(spec_validator_cls=None))
        return self._described[key]


class _Args(dict):
    """Query parameters, of which one may have several values."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__()
        for name, value in pairs:
            self[name] = [*self.get(name, []), value]


def _as_taken(path: str, asked):
    """Return a request with what the descriptions want to be there and HubSpot does not."""
    if not isinstance(asked, dict):
        return asked
    if path.endswith("/search"):
        usual = {"after": "0", "limit": 10, "sorts": [], "properties": [], "filterGroups": []}
        sorts = [sort if isinstance(sort, str) else sort["propertyName"] for sort in asked.get("sorts", [])]
        return {**usual, **asked, "sorts": sorts}
    if re.search(r"/objects/.*/batch/read$", path) or re.search(r"/objects/[^/]+/[^/]+/batch/read$", path):
        return {"properties": [], "propertiesWithHistory": [], **asked}
    if re.search(r"/properties/.*/batch/read$", path):
        return {"archived": False, "dataSensitivity": "non_sensitive", **asked}
    if re.search(r"/batch/create$", path) and "/objects/" in path:
        return {**asked, "inputs": [{"associations": [], **one} for one in asked["inputs"]]}
    if re.search(r"/objects/[^/]+$|/objects/\d{4}-\d\d/[^/]+$", path):
        return {"associations": [], **asked}
    return {"clearDescription": False, **asked} if "crm-object-schemas" in path else asked


def _as_published(path: str, status: int, reply: bytes) -> tuple[int, bytes]:
    """Return an answer with what the descriptions want and HubSpot leaves out.

    Limits and unknown objects have no category. A row of a 207 answer has neither links nor errors, and its subCategory
    is a text. 2026-09 lists no 207. An empty property and an association without a label say null.
    """
    if not reply.startswith(b"{"):
        return status, reply
    said = json.loads(reply)
    if status >= 400:
        return status, json.dumps({"category": "", **said}).encode()
    for row in said.get("errors", []):
        row.update(links={}, errors=row.get("errors", []))
        row.pop("subCategory", None)
    if status == 207 and "/2026-09/" in path:
        status = 201 if path.endswith("/batch/create") and "/objects/" in path else 200
    return status, json.dumps(_without_nulls(said)).encode()


def _without_nulls(said):
    if isinstance(said, list):
        return [_without_nulls(one) for one in said]
    if isinstance(said, dict):
        return {name: _without_nulls(value) for name, value in said.items() if value is not None}
    return said


def appointed() -> Judge | None:
    """Return the judge, None where nobody named the folder."""
    folder = os.environ.get(SETTING)
    return Judge(Path(folder)) if folder else None
