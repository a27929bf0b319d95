"""Versions of the API are switched off, one by one."""

from __future__ import annotations

import pytest

from overlap.errors import ConfigError
from tests.connectors.sandbox.hubspot.conftest import NOW

PATHS = {
    "v3": "/crm/v3/objects/companies",
    "v4": "/crm/v4/associations/deals/companies/labels",
    "2026-03": "/crm/objects/2026-03/companies",
    "2026-09": "/crm/properties/2026-09/companies",
}


@pytest.mark.parametrize("version", PATHS)
def test_a_version_that_is_gone_is_gone_alone(portal, api, version):
    portal.set_version(version, "gone")
    assert {one: api.get(path)[0] for one, path in PATHS.items()} == {**dict.fromkeys(PATHS, 200), version: 410}
    portal.set_version(version, "deprecated")
    said = [api.raw("GET", path).headers.get("Deprecation") for path in PATHS.values()]
    assert sorted(map(str, said)) == [f"@{int(NOW.timestamp())}", "None", "None", "None"]


def test_the_old_sign_in_is_gone_alone(portal, api):
    portal.set_version("oauth-v1", "gone")
    assert api.raw("POST", "/oauth/v1/token", data={}).status_code == 410
    assert api.raw("POST", "/oauth/2026-03/token", data={}).status_code == 400


@pytest.mark.parametrize(
    "path", ["/crm/objects/2025-01/companies", "/crm/v2/objects/companies", "/crm/v4/objects/deals"]
)
def test_a_version_that_never_was_leads_nowhere(api, path):
    assert api.get(path)[0] == 404


@pytest.mark.parametrize(("version", "state"), [("v9", "gone"), ("v3", "down")])
def test_a_wrong_switch_is_told(portal, version, state):
    with pytest.raises(ConfigError, match="take"):
        portal.set_version(version, state)
