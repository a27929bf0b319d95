import csv
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import time_machine

from config.partners import PartnerSettings
from config.profiles import IcpSettings, PopulationSettings
from connectors.sandbox.demo import DemoData, DemoList, load

TODAY = date(2026, 2, 28)

# Salesforce's standard values, as a new org has them.
TYPES = {
    *("Prospect", "Customer - Direct", "Customer - Channel", "Channel Partner / Reseller"),
    *("Installation Partner", "Technology Partner", "Other"),
}
INDUSTRIES = {
    *("Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications", "Construction"),
    *("Consulting", "Education", "Electronics", "Energy", "Engineering", "Entertainment", "Environmental", "Finance"),
    *("Food & Beverage", "Government", "Healthcare", "Hospitality", "Insurance", "Machinery", "Manufacturing"),
    *("Media", "Not For Profit", "Recreation", "Retail", "Shipping", "Technology", "Telecommunications"),
    *("Transportation", "Utilities", "Other"),
}
OPEN_STAGES = {
    *("Prospecting", "Qualification", "Needs Analysis", "Value Proposition", "Id. Decision Makers"),
    *("Perception Analysis", "Proposal/Price Quote", "Negotiation/Review"),
}
DEAL_TYPES = {
    *("New Customer", "Existing Customer - Upgrade"),
    *("Existing Customer - Replacement", "Existing Customer - Downgrade"),
}
ROLES = {"System Integrator", "VAR/Reseller", "Consultant", "Developer", "Supplier", "Distributor"}
KEYS = {"northwind": "Kundennummer", "fabrikam": "Account ID"}
NAMES = {"northwind": "Firmenname", "fabrikam": "Account Name"}
STATUSES = {"northwind": "Kundenstatus", "fabrikam": "Lifecycle Stage"}
CLAIMED_ON = {"northwind": "Beitrag am", "fabrikam": "Influence Date"}


@pytest.fixture(scope="module")
def demo() -> DemoData:
    return load(TODAY)


@pytest.fixture(scope="module")
def lists(demo: DemoData) -> dict[str, DemoList]:
    return {each.partner: each for each in demo.lists}


def ids(demo: DemoData, thing: str) -> set[str]:
    return {row["Id"] for row in demo.records[thing]}


def open_accounts(demo: DemoData) -> set[str]:
    return {deal["AccountId"] for deal in demo.records["Opportunity"] if not deal["IsClosed"]}


def customers(demo: DemoData) -> set[str]:
    words = PopulationSettings().customer_types
    typed = {account["Id"] for account in demo.records["Account"] if account["Type"] in words}
    return typed | {deal["AccountId"] for deal in demo.records["Opportunity"] if deal["IsWon"]}


def test_no_two_records_share_an_id(demo):
    every_id = [row["Id"] for rows in demo.records.values() for row in rows]
    assert len(set(every_id)) == len(every_id)
    assert all(re.fullmatch(r"[A-Za-z0-9]{18}", one) for one in every_id)


def test_every_reference_points_to_a_record(demo):
    users, accounts, deals = (ids(demo, thing) for thing in ("User", "Account", "Opportunity"))
    for account in demo.records["Account"]:
        assert account["OwnerId"] in users
        assert account["ParentId"] is None or account["ParentId"] in accounts - {account["Id"]}
    for deal in demo.records["Opportunity"]:
        assert deal["OwnerId"] in users
        assert deal["AccountId"] in accounts
    for row in demo.records["OpportunityPartner"]:
        assert row["OpportunityId"] in deals
        assert row["AccountToId"] in {each.account_id for each in demo.lists}


def test_a_parent_comes_before_its_children(demo):
    seen: set[str] = set()
    for account in demo.records["Account"]:
        assert account["ParentId"] is None or account["ParentId"] in seen, account["Name"]
        seen.add(account["Id"])


def test_has_the_size_and_the_mess_of_a_small_crm(demo):
    accounts = demo.records["Account"]
    assert 190 <= len(accounts) <= 220
    assert 0.25 <= sum(account["Website"] is None for account in accounts) / len(accounts) <= 0.30
    assert 25 <= len({account["BillingCountry"] for account in accounts}) <= 60
    assert 190 <= len(demo.records["Opportunity"]) <= 215
    assert 40 <= len(customers(demo)) <= 50
    assert 45 <= len(open_accounts(demo) - customers(demo)) <= 55
    assert len(demo.records["OpportunityPartner"]) == 8
    assert [user["IsActive"] for user in demo.records["User"]].count(False) == 1


def test_picklists_have_standard_values_only(demo):
    for account in demo.records["Account"]:
        assert account["Type"] in TYPES | {None}, account["Name"]
        assert account["Industry"] in INDUSTRIES | {None}, account["Name"]
    for deal in demo.records["Opportunity"]:
        assert deal["StageName"] in OPEN_STAGES | {"Closed Won", "Closed Lost"}, deal["Name"]
        assert deal["Type"] in DEAL_TYPES | {None}, deal["Name"]
    assert {row["Role"] for row in demo.records["OpportunityPartner"]} <= ROLES


def test_a_deal_is_closed_and_won_as_its_stage_says(demo):
    for deal in demo.records["Opportunity"]:
        assert deal["IsClosed"] == (deal["StageName"] not in OPEN_STAGES)
        assert deal["IsWon"] == (deal["StageName"] == "Closed Won")


def test_a_closed_deal_closed_in_the_past_and_after_it_began(demo):
    for deal in demo.records["Opportunity"]:
        began_on, closes_on = deal["CreatedDate"][:10], deal["CloseDate"]
        assert not deal["IsClosed"] or began_on < closes_on < TODAY.isoformat(), deal["Name"]
        assert (TODAY - date.fromisoformat(began_on)).days <= 731, deal["Name"]


def test_nothing_is_older_than_what_it_belongs_to(demo):
    created = {row["Id"]: row["CreatedDate"] for rows in demo.records.values() for row in rows}
    for deal in demo.records["Opportunity"]:
        assert created[deal["AccountId"]] <= deal["CreatedDate"], deal["Name"]
    for row in demo.records["OpportunityPartner"]:
        assert max(created[row["OpportunityId"]], created[row["AccountToId"]]) <= row["CreatedDate"]


def test_the_last_change_is_past_in_every_time_zone(demo):
    # The earliest instant at which some place on earth has TODAY on its calendar.
    first_moment = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) - timedelta(hours=14)
    for rows in demo.records.values():
        for row in rows:
            assert datetime.strptime(row["SystemModstamp"], "%Y-%m-%dT%H:%M:%S.%f%z") < first_moment


def test_the_same_story_is_told_on_any_day(demo):
    later = load(TODAY + timedelta(days=400))
    days = [
        (date.fromisoformat(new["CloseDate"]) - date.fromisoformat(old["CloseDate"])).days
        for old, new in zip(demo.records["Opportunity"], later.records["Opportunity"], strict=True)
    ]
    assert set(days) == {400}
    assert later.truth == demo.truth


def test_nobody_in_the_demo_can_be_written_to(demo, lists):
    texts = [str(demo.records), *(str(each.rows.to_dicts()) for each in lists.values())]
    addresses = re.findall(r"[^\s'\"]+@([^\s'\"]+)", " ".join(texts))
    assert len(addresses) > 200
    assert {address.rpartition(".")[2] for address in addresses} == {"example"}


def test_lists_have_the_promised_rows(lists):
    assert lists["northwind"].rows.height == 140
    assert lists["fabrikam"].rows.height == 101
    for partner, each in lists.items():
        claims = each.rows[CLAIMED_ON[partner]].drop_nulls()
        assert 4 <= len(claims) <= 6
        assert claims.max() < TODAY


def test_one_row_of_northwind_has_no_company_and_one_of_fabrikam_comes_twice(lists):
    assert lists["northwind"].rows["Firmenname"].null_count() == 1
    assert lists["northwind"].rows["Kundennummer"].n_unique() == 140
    twice = Counter(lists["fabrikam"].rows.rows())
    assert sorted(twice.values())[-2:] == [1, 2]
    assert lists["fabrikam"].rows["Account ID"].n_unique() == 100


def test_every_status_word_has_a_population(lists):
    for partner, each in lists.items():
        assert set(each.rows[STATUSES[partner]]) == set(each.populations)


def test_a_workspace_takes_the_settings_of_the_demo(demo, lists):
    assert IcpSettings.model_validate(demo.icp).headcount.at_most == 20_000
    for each in lists.values():
        PartnerSettings(name=each.name, files=each.file_name, populations=dict(each.populations))


def test_a_partners_own_account_bears_its_name(demo, lists):
    names = {account["Id"]: account["Name"] for account in demo.records["Account"]}
    for each in lists.values():
        assert each.name in names[each.account_id]


def test_truth_names_existing_rows_and_never_both_kinds(demo, lists):
    accounts = ids(demo, "Account")
    for account_id, partner, theirs_id in demo.truth | demo.family:
        assert account_id in accounts
        assert theirs_id in set(lists[partner].rows[KEYS[partner]])
    assert not demo.truth & demo.family


@pytest.mark.parametrize(("partner", "least", "most"), [("northwind", 60, 72), ("fabrikam", 45, 56)])
def test_about_half_of_a_list_is_shared(demo, lists, partner, least, most):
    shared = {theirs_id for _, key, theirs_id in demo.truth if key == partner}
    assert least <= len(shared) <= most
    without_domain = lists[partner].rows.filter(pl.col(KEYS[partner]).is_in(list(shared)))[:, 2].null_count()
    assert 0.28 <= without_domain / len(shared) <= 0.42


# Ours, theirs, what a person who knows the companies says of them.
KNOWN = [
    ("Siemens AG", "northwind", "Siemens Aktiengesellschaft", "same"),
    ("SIEMENS", "northwind", "Siemens Aktiengesellschaft", "same"),
    ("Siemens AG", "northwind", "Siemens Healthineers AG", "family"),
    ("Daimler AG", "northwind", "Mercedes-Benz Group AG", "same"),
    ("Daimler AG", "northwind", "Daimler Truck AG", "none"),
    ("BMW Group", "northwind", "Rolls-Royce Motor Cars Ltd", "family"),
    ("Rolls-Royce Holdings plc", "northwind", "Rolls-Royce Motor Cars Ltd", "none"),
    ("AB Volvo", "northwind", "Volvo Cars", "none"),
    ("Phoenix Contact GmbH & Co. KG", "northwind", "PHOENIX Pharmahandel GmbH & Co KG", "none"),
    ("JCB", "northwind", "JCB Co., Ltd.", "none"),
    ("Statoil ASA", "northwind", "Equinor ASA", "same"),
    ("Facebook, Inc.", "fabrikam", "Meta Platforms, Inc.", "same"),
    ("Delta Dental", "fabrikam", "Delta Air Lines Inc", "none"),
    ("Delta Airlines", "fabrikam", "Delta Air Lines Inc", "same"),
    ("UnitedHealth Group", "fabrikam", "United Airlines Inc", "none"),
    ("Shell plc", "fabrikam", "Shell USA, Inc.", "family"),
    ("Schneider Electric SE", "fabrikam", "Schneider National, Inc.", "none"),
    ("Graco Inc.", "fabrikam", "Graco Children's Products Inc.", "none"),
    ("Taiwan Semiconductor Manufacturing Co., Ltd.", "fabrikam", "TSMC", "same"),
]


@pytest.mark.parametrize(("ours", "partner", "theirs", "kind"), KNOWN)
def test_truth_says_what_a_person_who_knows_the_companies_says(demo, lists, ours, partner, theirs, kind):
    (account_id,) = (account["Id"] for account in demo.records["Account"] if account["Name"] == ours)
    found = lists[partner].rows.filter(pl.col(NAMES[partner]) == theirs)[KEYS[partner]]
    pair = (account_id, partner, found[0])
    assert (pair in demo.truth, pair in demo.family) == (kind == "same", kind == "family")


def test_every_claim_is_about_an_open_deal_of_ours(demo, lists):
    for partner, each in lists.items():
        claimed = set(each.rows.filter(pl.col(CLAIMED_ON[partner]).is_not_null())[KEYS[partner]])
        ours = {(theirs, account) for account, key, theirs in demo.truth if key == partner and theirs in claimed}
        assert {theirs for theirs, account in ours if account in open_accounts(demo)} == claimed


def test_a_list_is_written_to_the_same_bytes_every_time(lists, tmp_path):
    for again in load(TODAY).lists:
        first, second = tmp_path / f"first-{again.file_name}", tmp_path / f"second-{again.file_name}"
        with time_machine.travel(datetime(2026, 2, 28, tzinfo=UTC)):
            lists[again.partner].write(first)
        with time_machine.travel(datetime(2026, 3, 5, tzinfo=UTC)):
            again.write(second)
        assert first.read_bytes() == second.read_bytes()


def test_northwinds_file_is_what_german_excel_saves(lists, tmp_path):
    path = tmp_path / "northwind.csv"
    lists["northwind"].write(path)
    content = path.read_bytes()
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    rows = list(csv.reader(content.decode("cp1252").splitlines(), delimiter=";"))
    assert content.count(b"\r\n") == content.count(b"\n") == 141
    assert {len(row) for row in rows} == {12}
    assert "Beitrag zum Geschäft" in rows[0]
    assert "Škoda Auto" in {row[1] for row in rows}
    assert all(re.fullmatch(r"\d\d\.\d\d\.\d{4}", row[11]) for row in rows[1:] if row[11])


def test_fabrikams_file_keeps_ids_as_text_and_dates_as_dates(lists, tmp_path):
    path = tmp_path / "fabrikam.xlsx"
    lists["fabrikam"].write(path)
    back = pl.read_excel(path)
    assert back.height == 101
    assert back["Account ID"].to_list() == lists["fabrikam"].rows["Account ID"].to_list()
    assert all(len(one) == 6 for one in back["Account ID"])
    assert back["Influence Date"].dtype == pl.Date
    assert back["Number of Employees"].dtype == pl.Int64


def test_a_list_refuses_a_format_that_it_does_not_know(lists, tmp_path: Path):
    with pytest.raises(ValueError, match=r"'list\.xls': .* choose one of these endings"):
        lists["fabrikam"].write(tmp_path / "list.xls")
