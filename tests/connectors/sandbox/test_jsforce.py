"""jsforce, a client that nobody here wrote, finds in the sandbox what it expects of Salesforce."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import node

SCRIPTS = Path(__file__).parent / "jsforce"


@pytest.fixture
def run(salesforce, token):
    def run(script):
        given = {"url": salesforce.address.url, "token": token}
        ca_file = salesforce.address.ca_file
        return node.run(SCRIPTS / script, "jsforce", given, NODE_EXTRA_CA_CERTS=ca_file)

    return run


def test_jsforce_reads_and_writes_records_one_by_one_and_many_at_once(run):
    seen = run("records.js")
    objects = seen.pop("objects")
    assert seen == {
        "made": [True, []],
        "read": "One",
        "renamed": "Uno",
        "many": 250,
        "mixed": ["ok", "INVALID_FIELD"],
        "upserts": [[True, True, True], True, False, True],
        "pages": [200, 51],
        "owner": "Overlap Integration",
        "refused": ["INVALID_FIELD", True],
        "some": ["Many 2", "Many 3"],
        "described": ["Account", 255],
        "gone": True,
        "allGone": [True, True],
        "deleted": True,
        "updated": 248,
        "left": 248,
        "calls": 100_000,
    }
    assert {"Account", "Lead", "Contact", "Partner_Overlap__c"} <= set(objects)


def test_jsforce_writes_and_reads_in_bulk(run, salesforce, session, token):
    url = f"{salesforce.address.url}/services/data/v62.0/jobs"
    headers = {"Authorization": f"Bearer {token}"}
    missing = [kind for kind in ("ingest", "query") if session.get(f"{url}/{kind}", headers=headers).status_code == 404]
    if missing:
        pytest.skip(f"the sandbox has no bulk route for {' and '.join(missing)}")
    assert run("bulk.js") == {
        "taken": 2,
        "refused": ["STRING_TOO_LONG"],
        "unprocessed": 0,
        "names": ['Müller "Süd"\nZürich', "Two"],
    }
