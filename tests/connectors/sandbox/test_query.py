"""SOQL against an org. The oracle of the random test is plain Python over the seeded rows."""

import random

import pytest

from connectors.sandbox.errors import ApiError
from connectors.sandbox.ids import record_id

ACCOUNTS = [record_id("Account", number) for number in range(1, 301)]
USERS = [record_id("User", number) for number in range(1, 4)]


@pytest.fixture
def rows(org):
    org.seed("User", [{"Id": USERS[i], "LastName": name, "Email": None} for i, name in enumerate(["Ada", "Bo", "Cy"])])
    dice = random.Random(7)
    rows = [
        {
            "Id": account,
            "Name": dice.choice(["Acme", "ACME", "Globex", "Inite_ch", "100%"]),
            "Website": dice.choice([None, "a.example", "b.example"]),
            "NumberOfEmployees": dice.choice([None, 0, 10, 500]),
            "IsPartner": dice.random() < 0.5,
            "OwnerId": dice.choice(USERS),
            "SystemModstamp": f"2026-11-21T10:00:0{dice.randrange(4)}.000+0000",
        }
        for account in ACCOUNTS
    ]
    org.seed("Account", rows)
    return rows


def ids(page):
    return [record["Id"] for record in page["records"]]


def leaf(dice):
    """A condition and the same in Python, by Salesforce's rules: no case, and null is unlike every value."""
    name = dice.choice(["acme", "Globex", "none"])
    lower = name.lower()
    return dice.choice(
        [
            (f"Name = '{name}'", lambda r: r["Name"].lower() == lower),
            (f"Name != '{name}'", lambda r: r["Name"].lower() != lower),
            ("Website = null", lambda r: r["Website"] is None),
            ("Website != 'a.example'", lambda r: r["Website"] != "a.example"),
            ("Website IN ('A.example', null)", lambda r: r["Website"] in ("a.example", None)),
            ("Website NOT IN ('a.example')", lambda r: r["Website"] != "a.example"),
            ("NumberOfEmployees > 5", lambda r: r["NumberOfEmployees"] is not None and r["NumberOfEmployees"] > 5),
            ("NumberOfEmployees <= 10", lambda r: r["NumberOfEmployees"] is not None and r["NumberOfEmployees"] <= 10),
            ("NumberOfEmployees != 500", lambda r: r["NumberOfEmployees"] != 500),
            ("IsPartner = TRUE", lambda r: r["IsPartner"]),
            ("Name LIKE 'ac_e'", lambda r: r["Name"].lower() == "acme"),
            ("Name LIKE '%\\_%'", lambda r: "_" in r["Name"]),
            ("Website LIKE 'b%'", lambda r: (r["Website"] or "").startswith("b")),
            ("Owner.LastName = 'bo'", lambda r: r["OwnerId"] == USERS[1]),
            ("Parent.Name = null", lambda r: r["Name"] != ""),
            (
                "SystemModstamp >= 2026-11-21T11:00:02+01:00",
                lambda r: r["SystemModstamp"] >= "2026-11-21T10:00:02.000+0000",
            ),
            ("SystemModstamp > 2026-11-21T10:00:01.500Z", lambda r: r["SystemModstamp"] > "2026-11-21T10:00:01.500"),
            (f"Id > '{ACCOUNTS[150][:15]}'", lambda r: r["Id"] > ACCOUNTS[150]),
        ]
    )


def tree(dice, depth):
    if depth == 0 or dice.random() < 0.3:
        return leaf(dice)
    kind = dice.choice(["AND", "OR", "NOT"])
    (left, is_left), (right, is_right) = tree(dice, depth - 1), tree(dice, depth - 1)
    if kind == "NOT":
        return f"(NOT ({left}))", lambda r: not is_left(r)
    if kind == "AND":
        return f"(({left}) AND ({right}))", lambda r: is_left(r) and is_right(r)
    return f"(({left}) OR ({right}))", lambda r: is_left(r) or is_right(r)


def test_finds_what_plain_python_finds(api, rows):
    dice = random.Random(11)
    for _ in range(300):
        text, holds = tree(dice, 3)
        found = ids(api.query(f"SELECT Id FROM Account WHERE {text} ORDER BY Id"))
        assert found == [row["Id"] for row in rows if holds(row)], text
        assert api.query(f"SELECT COUNT() FROM Account WHERE {text}")["totalSize"] == len(found)


def test_orders_by_several_fields_and_puts_nulls_first(api, rows):
    found = ids(api.query("SELECT Id FROM Account ORDER BY NumberOfEmployees DESC, SystemModstamp, Id DESC"))
    by_id = sorted(rows, key=lambda r: r["Id"], reverse=True)
    by_stamp = sorted(by_id, key=lambda r: r["SystemModstamp"])
    size = {None: 1, 0: 0, 10: 10, 500: 500}
    expected = sorted(by_stamp, key=lambda r: (r["NumberOfEmployees"] is None, size[r["NumberOfEmployees"]]))
    by_size = sorted(by_stamp, key=lambda r: -(r["NumberOfEmployees"] or 0))
    nulls = [r for r in expected if r["NumberOfEmployees"] is None]
    assert found == [r["Id"] for r in nulls + [r for r in by_size if r["NumberOfEmployees"] is not None]]


@pytest.mark.usefixtures("rows")
def test_limit_and_offset_cut_a_window(api):
    everyone = ids(api.query("SELECT Id FROM Account ORDER BY Id"))
    assert ids(api.query("SELECT Id FROM Account ORDER BY Id LIMIT 5 OFFSET 7")) == everyone[7:12]


@pytest.mark.usefixtures("rows")
def test_a_page_leads_to_the_next_and_the_set_stays_what_it_was(api, org):
    page = api.query("SELECT Id, Name FROM Account ORDER BY Id", batch=200)
    assert (page["totalSize"], page["done"], len(page["records"])) == (300, False, 200)
    assert page["nextRecordsUrl"].startswith("/services/data/v62.0/query/01g")
    org.delete("Account", ACCOUNTS[250])
    org.seed("Account", [{"Name": "New"}])
    last = api.more(page)
    assert (last["done"], ids(page) + ids(last)) == (True, ACCOUNTS)
    assert "nextRecordsUrl" not in last
    assert ids(api.more(page)) == ids(last), "a locator can be read twice"


@pytest.mark.usefixtures("rows")
def test_the_eleventh_cursor_closes_the_oldest(api):
    pages = [api.query("SELECT Id FROM Account", batch=200) for _ in range(11)]
    assert len(ids(api.more(pages[1]))) == 100
    with pytest.raises(ApiError) as refused:
        api.more(pages[0])
    assert refused.value.code == "INVALID_QUERY_LOCATOR"


@pytest.mark.usefixtures("rows")
def test_a_page_holds_200_to_2000_records(api):
    assert len(ids(api.query("SELECT Id FROM Account", batch=1))) == 200
    assert len(ids(api.query("SELECT Id FROM Account", batch=9999))) == 300


@pytest.mark.usefixtures("rows")
def test_deleted_records_show_in_query_all_only(api, org):
    org.delete("Account", ACCOUNTS[0])
    assert ACCOUNTS[0] not in ids(api.query("SELECT Id FROM Account"))
    gone = api.query("SELECT Id, IsDeleted FROM Account WHERE IsDeleted = true", deleted_too=True)
    assert [(r["Id"], r["IsDeleted"]) for r in gone["records"]] == [(ACCOUNTS[0], True)]


def test_parents_are_nested_and_a_missing_one_is_null(api, org):
    org.seed("Account", [{"Id": ACCOUNTS[0], "Name": "Top"}])
    org.seed("Account", [{"Id": ACCOUNTS[1], "Name": "Sub", "ParentId": ACCOUNTS[0]}])
    top, sub = api.query("SELECT Name, Parent.Name, parent.owner.lastname FROM Account ORDER BY Id")["records"]
    assert top["Parent"] is None
    assert sub["Parent"]["attributes"] == {
        "type": "Account",
        "url": f"/services/data/v62.0/sobjects/Account/{ACCOUNTS[0]}",
    }
    assert (sub["Parent"]["Name"], sub["Parent"]["Owner"]["LastName"]) == ("Top", "Administrator")


def test_formulas_read_the_partner(api, org):
    late = org.create(
        "Overlap_Partner__c",
        {"Partner_Key__c": "late", "Name": "Globex", "List_As_Of__c": "2026-11-01T00:00:00Z", "Feed_Status__c": "Late"},
    )
    org.create("Partner_Overlap__c", {"Overlap_Key__c": "a", "Partner__c": late})
    org.create("Partner_Overlap__c", {"Overlap_Key__c": "b"})
    soql = "SELECT Partner_Name__c, As_Of__c, Freshness__c FROM Partner_Overlap__c ORDER BY Overlap_Key__c"
    shown = [[value for name, value in r.items() if name != "attributes"] for r in api.query(soql)["records"]]
    assert shown == [["Globex", "2026-11-01T00:00:00.000+0000", "Unknown"], [None, None, "Current"]]
    assert api.query("SELECT COUNT() FROM Partner_Overlap__c WHERE Freshness__c = 'Unknown'")["totalSize"] == 1


REFUSED = [
    ("SELECT Id FROM Acount", "INVALID_TYPE", "sObject type 'Acount' is not supported", 16),
    ("SELECT Id, Foo FROM Account", "INVALID_FIELD", "No such column 'Foo' on entity 'Account'", 12),
    ("SELECT Id FROM Account WHERE Owner.Foo = 'x'", "INVALID_FIELD", "No such column 'Foo' on entity 'User'", 30),
    ("SELECT Foo__r.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Foo__r'", 8),
    ("SELECT Id, id FROM Account", "INVALID_FIELD", "duplicate field selected: id", 12),
    ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD", "must be of type string and should be enclosed", 37),
    (
        "SELECT Id FROM Account WHERE SystemModstamp > '2026-11-21T10:00:00Z'",
        "INVALID_FIELD",
        "must be of type dateTime and should not be enclosed",
        47,
    ),
    ("SELECT Id FROM Account WHERE SystemModstamp > 2026-11-21", "INVALID_FIELD", "must be of type dateTime", 47),
    ("SELECT Id FROM Opportunity WHERE CloseDate = 2026-02-30", "INVALID_FIELD", "Invalid date", 46),
    ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered in a query call", 30),
    ("SELECT Id FROM Account ORDER BY Description", "MALFORMED_QUERY", "can not be sorted in a query call", 33),
    ("SELECT Id FROM Account WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc", 35),
    ("SELECT Id FROM Account WHERE Id LIKE '001%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id", 30),
    ("SELECT Id FROM Account WHERE IsPartner > true", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator", 30),
]


@pytest.mark.parametrize(("soql", "code", "message", "column"), REFUSED)
def test_refuses_as_salesforce_does(api, soql, code, message, column):
    with pytest.raises(ApiError) as refused:
        api.query(soql)
    assert refused.value.code == code
    assert message in refused.value.message
    assert f"ERROR at Row:1:Column:{column}\n" in refused.value.message


def test_a_hidden_field_is_refused_like_one_that_never_was(api, org):
    org.hide_field("Account", "website")
    with pytest.raises(ApiError, match="No such column 'Website' on entity 'Account'"):
        api.query("SELECT Website FROM Account")
    org.show_field("Account", "Website")
    assert api.query("SELECT Website FROM Account")["totalSize"] == 0


def test_an_org_before_setup_knows_none_of_our_objects_and_fields(api, org):
    org.set_deployed(False)
    for soql in ("SELECT Id FROM Partner_Overlap__c", "SELECT Overlap_ICP_Fit__c FROM Account"):
        with pytest.raises(ApiError, match=r"is not supported|No such column"):
            api.query(soql)
