"""Search, held against a slow search in plain Python."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

SEARCH = "/crm/v3/objects/companies/search"

DAYS = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 8)]
COMPARE = {
    "EQ": lambda a, b: a == b,
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
}


def ms(at):
    return str(int(at.timestamp() * 1000))


def company(random, number):
    pick = random.choice
    return {
        "id": number,
        "name": pick(["Acme", "acme gmbh", "Zeta AG", "100% Müller_Söhne"]),
        "city": pick([None, "Ulm", "Bonn"]),
        "numberofemployees": pick([None, "5", "10", "10.0", "200"]),
        "type": pick([None, "PARTNER", "VENDOR"]),
        "createdate": pick(DAYS).isoformat(),
    }


def condition(random):
    name = random.choice(["name", "city", "numberofemployees", "type", "createdate", "hs_object_id"])
    values = {
        "name": ["acme", "ACME GMBH", "Zeta AG"],
        "city": ["Ulm", "bonn", "Bonn"],
        "numberofemployees": ["5", "10", "99"],
        "type": ["PARTNER", "VENDOR"],
        "createdate": [ms(day) for day in DAYS],
        "hs_object_id": ["3", "10", "25"],
    }[name]
    operator = random.choice([*COMPARE, "NEQ", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY"])
    one = {"propertyName": name, "operator": operator}
    if operator in ("IN", "NOT_IN"):
        return {**one, "values": random.sample(values, 2)}
    if operator == "BETWEEN":
        return {**one, "value": random.choice(values), "highValue": random.choice(values)}
    return one if "HAS" in operator else {**one, "value": random.choice(values)}


def comparable(name, text):
    if name in ("numberofemployees", "hs_object_id"):
        return float(text)
    if name == "createdate":
        return float(text) if text.isdecimal() else datetime.fromisoformat(text).timestamp() * 1000
    return text.lower()


def holds(one, record):
    """What the guide says of a filter, one record at a time."""
    name, operator, stored = one["propertyName"], one["operator"], record.get(one["propertyName"])
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return (stored is not None) is (operator == "HAS_PROPERTY")
    if stored is None:
        return operator in ("NEQ", "NOT_IN")
    have = comparable(name, stored)
    if operator in ("IN", "NOT_IN"):
        given = [v for v in one["values"] if name not in ("name", "city") or v == v.lower()]
        return (have in [comparable(name, v) for v in given]) is (operator == "IN")
    if operator == "BETWEEN":
        return comparable(name, one["value"]) <= have <= comparable(name, one["highValue"])
    wanted = comparable(name, one["value"])
    return have != wanted if operator == "NEQ" else COMPARE[operator](have, wanted)


def test_random_searches_find_what_a_slow_search_finds(portal, api):
    random = Random(7)
    portal.seed("companies", [company(random, number) for number in range(1, 41)])
    records = portal.records("companies")
    found = set()
    for _ in range(40):
        groups = [
            {"filters": [condition(random) for _ in range(random.randint(1, 3))]} for _ in range(random.randint(1, 2))
        ]
        status, body = api.post(SEARCH, {"filterGroups": groups, "limit": 200, "sorts": ["hs_object_id"]})
        assert status == 200, body
        wanted = [r["id"] for r in records if any(all(holds(f, r) for f in g["filters"]) for g in groups)]
        assert [one["id"] for one in body["results"]] == wanted, groups
        assert body["total"] == len(wanted)
        found.add(len(wanted))
    assert len(found) > 10


@pytest.mark.parametrize(
    ("one", "ids"),
    [
        ({"propertyName": "name", "operator": "CONTAINS_TOKEN", "value": "zeta"}, ["2"]),
        ({"propertyName": "name", "operator": "CONTAINS_TOKEN", "value": "zet*"}, ["2", "3"]),
        ({"propertyName": "name", "operator": "NOT_CONTAINS_TOKEN", "value": "zeta"}, ["1", "3", "4"]),
        ({"propertyName": "partners", "operator": "IN", "values": ["b"]}, ["1", "4"]),
        ({"propertyName": "partners", "operator": "NOT_IN", "values": ["b"]}, ["2", "3"]),
    ],
)
def test_words_and_lists_are_searched_by_their_parts(portal, api, one, ids):
    options = [{"label": value, "value": value, "hidden": False} for value in ("a", "b", "ab")]
    lists = {"type": "enumeration", "fieldType": "checkbox", "groupName": "companyinformation", "options": options}
    portal.create_property("companies", {"name": "partners", "label": "Partners", **lists})
    names = {1: ("A 5%", "a;b"), 2: ("The Zeta AG", "ab"), 3: ("Zetas", None), 4: ("A_5", "b")}
    portal.seed("companies", [{"id": n, "name": name, "partners": held} for n, (name, held) in names.items()])
    assert [r["id"] for r in api.post(SEARCH, {"filterGroups": [{"filters": [one]}]})[1]["results"]] == ids


def test_a_query_looks_into_names_and_domains(portal, api):
    portal.seed("companies", [{"id": 1, "name": "A", "domain": "x_y.example"}, {"id": 2, "name": "xzy", "city": "x_y"}])
    assert [r["id"] for r in api.post(SEARCH, {"query": "x_y"})[1]["results"]] == ["1"]


EQ = {"propertyName": "name", "operator": "EQ", "value": "A"}


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"after": "9991"},
        {"filterGroups": [{"filters": [EQ]}] * 6},
        {"filterGroups": [{"filters": [EQ] * 7}]},
        {"filterGroups": [{"filters": [EQ] * 5}] * 4},
        {"query": "x" * 3_001},
        {"sorts": ["name", "city"]},
        {"sorts": ["foo"]},
        {"filterGroups": [{"filters": [{**EQ, "propertyName": "foo"}]}]},
        {"filterGroups": [{"filters": [{**EQ, "operator": "LIKE"}]}]},
        {"filterGroups": [{"filters": [{**EQ, "operator": "HAS_PROPERTY"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GT", "value": "2026-01-01"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "name", "operator": "IN", "value": "A"}]}]},
        {"filterGroups": EQ},
    ],
)
def test_a_search_that_cannot_be_is_refused(api, body):
    status, said = api.post(SEARCH, body)
    assert (status, said["category"]) == (400, "VALIDATION_ERROR")


def test_ten_thousand_results_are_all_that_a_search_has(portal, api):
    portal.crowd(10_300, equal=10_300)
    _, body = api.post(SEARCH, {"limit": 200, "after": "9800"})
    assert (body["total"], len(body["results"]), body["paging"]["next"]["after"]) == (10_300, 200, "10000")
    assert api.post(SEARCH, {"limit": 200, "after": "10000"})[0] == 400
    last = {"propertyName": "hs_object_id", "operator": "GT", "value": body["results"][-1]["id"]}
    _, rest = api.post(SEARCH, {"filterGroups": [{"filters": [last]}], "limit": 200, "sorts": ["hs_object_id"]})
    assert rest["total"] == 300


def test_what_was_just_written_is_missing_while_the_index_lags(portal, api):
    portal.seed("companies", [{"id": 1, "name": "A", "createdate": "2026-01-01T00:00:00Z"}])
    portal.set_index_lag(5)
    portal.create("companies", {"name": "B"})
    portal.edit("companies", "1", {"city": "Ulm"})
    assert api.post(SEARCH)[1]["total"] == 0
    assert len(api.get("/crm/v3/objects/companies")[1]["results"]) == 2
    portal.advance(timedelta(seconds=6))
    assert api.post(SEARCH)[1]["total"] == 2


def test_archived_records_are_in_no_search(portal, api):
    portal.seed("companies", [{"id": 1, "name": "A"}])
    portal.archive("companies", "1")
    assert api.post(SEARCH)[1] == {"total": 0, "results": []}


def test_a_crowd_of_companies_is_founded_at_once(portal):
    portal.crowd(2_000, equal=500)
    stamps = [one["hs_lastmodifieddate"] for one in portal.records("companies")]
    assert (len(stamps), stamps.count(stamps[0]), len(set(stamps))) == (2_000, 500, 1_501)
