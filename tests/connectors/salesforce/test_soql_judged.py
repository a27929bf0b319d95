"""Every query that we send, judged by a SOQL grammar that nobody here wrote."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.salesforce import soql
from overlap.fields import BY_NAME
from tests.connectors.salesforce.bench import connected
from tests.soql import refused

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ODD = "O'Neil \\ \"x\"\n\t; -- DROP ' OR Name != '"


def test_the_queries_of_a_check_a_full_read_a_later_one_and_a_read_back_are_soql(salesforce):
    store = salesforce.store
    store.set_features("multi-currency", "record-types", "person-accounts")
    store.seed("Account", [{"Name": str(number), "SystemModstamp": NOON.isoformat()} for number in range(2001)])
    account = store.records("Account")[0]["Id"]
    with connected(salesforce) as connection:
        connection.check()
        for since in (None, NOON):
            assert list(connection.source.pages(since, connection.source.now()))
        assert list(connection.source.ids())
        for name, thing in BY_NAME.items():
            connection.sink.current(name, [ODD, "pi1-a"] if thing.key else [], [account])
    asked = {
        request.query for request in store.requests() if request.path.rstrip("/").endswith(("/query", "/queryAll"))
    }
    assert len(asked) > 20
    assert refused(asked) == {}


def test_what_can_be_built_is_soql_whatever_its_values():
    conditions = [
        *(soql.compare("A.B__c", operator, NOON) for operator in ("=", "!=", "<", "<=", ">", ">=")),
        *(soql.compare("A__r.B", "=", value) for value in (ODD, True, False, None, "")),
        soql.one_of("Id", [ODD, "a"]),
        soql.beyond("SystemModstamp", NOON, "Id", "001"),
    ]
    conditions.append(soql.either(*conditions[:3]))
    built = [soql.select("Account", ["Id", "Owner.Name"], [one, conditions[0]], ["Id"], 5) for one in conditions]
    assert refused([*built, soql.select("Account", ["Id"])]) == {}


@pytest.mark.parametrize("query", ["SELECT Id FROM", "SELECT FROM Account", "SELECT Id FROM Account WHERE A = 'x"])
def test_the_judge_knows_what_is_no_soql(query):
    assert refused([query, "SELECT Id FROM Account"]).keys() == {query}
