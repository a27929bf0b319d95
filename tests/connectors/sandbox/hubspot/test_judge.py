"""HubSpot's published descriptions judge the exchanges of every test here, where a folder is named."""

from __future__ import annotations

import json

import pytest
from openapi_core.exceptions import OpenAPIError

from tests.connectors.sandbox.hubspot.judge import SETTING

PATH = "https://sandbox.invalid/crm/v3/objects/companies"
HEADERS = {"Content-Type": "application/json"}
RECORD = {
    "id": "1",
    "properties": {},
    "createdAt": "2026-11-21T10:00:00.000Z",
    "updatedAt": "2026-11-21T10:00:00.000Z",
    "archived": False,
}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"properties": {"numberofemployees": 5}}, RECORD),
        ({"properties": {}}, {**RECORD, "id": 1}),
        ({"properties": {}}, {name: value for name, value in RECORD.items() if name != "id"}),
    ],
)
def test_the_judge_refuses_what_is_not_as_published(judge, asked, told):
    if judge is None:
        pytest.skip(f"{SETTING} names no folder of HubSpot's API descriptions: nothing here is judged")
    judge.hear("POST", PATH, HEADERS, b'{"properties": {}}', 201, "application/json", json.dumps(RECORD).encode())
    with pytest.raises(OpenAPIError):
        judge.hear(
            "POST", PATH, HEADERS, json.dumps(asked).encode(), 201, "application/json", json.dumps(told).encode()
        )
