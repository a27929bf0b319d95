"""What changed between two runs, and why: each scenario changes one thing, and that one thing is the cause."""

from __future__ import annotations

import copy
import json

import polars as pl
import pytest

from overlap.run_changes import Found, run_changes

COMPARED = ("id", "name", "website", "phone", "country", "headcount")
RULES = {"populations": "p1", "icp": "i1", "matching": "m1", "crm": "c1", "partners": "x1"}
FACTS = {
    "found_by": RULES,
    "by_partner": {"globex": "g1", "initech": "n1"},
    "by_crm": {"sf": "s1"},
    "not_analysed": {},
    "asks": {"populations": ["account_type", "won or open deals"], "icp": ["headcount", "tier"]},
    "model": "default@1",
    "mode": "same",
    "match_at": 0.9,
    "companies_by": "engine1 default@1 0.9",
    "statistics": "w1",
}


class Week:
    """One run as plain rows, to be changed: account A1 is Acme, which Globex has as row X1."""

    def __init__(self):
        self.accounts = {"A1": self.account("Acme"), "A2": self.account("Birch")}
        self.rows = {"X1": self.row("Acme Inc")}
        self.deals = {"D1": {"account_id": "A1", "is_won": False, "is_closed": False, "amount": 5.0}}
        self.matches = {("A1", "X1"): self.match()}
        self.overlap = {"our_population": "Prospects", "partner_population": "Customers", "relation": "Same"}
        self.overlap |= {
            "play": "Sell together",
            "priority": 70,
            "probability": 0.97,
            "icp_fit": 60,
            "engagement": None,
        }
        self.excluded = []
        self.companies = {"A1": "c1", "A2": "c2"}
        self.facts = copy.deepcopy(FACTS)

    def account(self, name):
        plain = {"website": f"{name.lower()}.com", "phone": None, "country": "DE", "headcount": 10, "parent_id": None}
        return {
            "name": name,
            **plain,
            "account_type": None,
            "industry": None,
            "custom": '{"tier": "1"}',
            "modified_at": 1,
            "owner_id": "u",
        }

    def row(self, name):
        plain = {"website": "acme.com", "phone": None, "country": "DE", "headcount": 10}
        return {"name": name, **plain, "population": "Customers", "owner_name": "Ada"}

    def match(self, decision="match", probability=0.97, reasons="same website"):
        return {"decision": decision, "probability": probability, "reasons": reasons, "relation": "Same"}

    def ends(self):
        """The overlap is gone, and the pair with it."""
        self.matches.pop(("A1", "X1"), None)
        self.overlap = None

    def found(self):
        said = (
            []
            if self.overlap is None
            else [
                {"crm": "sf", "account_id": "A1", "partner": "globex", "account_name": "Acme", "theirs_id": "X1"}
                | {"theirs_name": "Acme Inc"}
                | self.overlap
            ]
        )
        kept = sorted(name for name in self.accounts if name not in self.excluded)
        named = [{"crm": "sf", "id": name, "company": self.companies[name]} for name in kept]
        rows = [{"partner": "globex", "id": name, **row} for name, row in self.rows.items()]
        pairs = [
            {"crm": "sf", "ours_id": ours, "partner": "globex", "theirs_id": theirs, **said}
            for (ours, theirs), said in self.matches.items()
        ]
        frames = {
            "overlaps": frame(said, WATCHED),
            "accounts": pl.DataFrame([{"crm": "sf", "id": name, **self.accounts[name]} for name in kept]),
            "partner_accounts": frame(rows, ROW),
            "opportunities": pl.DataFrame([{"crm": "sf", "id": name, **deal} for name, deal in self.deals.items()]),
            "matches": frame(pairs, MATCH),
            "companies": pl.DataFrame(named).with_columns(in_several=pl.lit(False), speaks=pl.lit(True)),
            "excluded": frame([{"crm": "sf", "id": one, "name": "x", "rule": "tests"} for one in self.excluded], OUT),
        }
        return Found(frames, json.loads(json.dumps(self.facts)))


TEXT = pl.String
WATCHED = dict.fromkeys(("crm", "account_id", "partner", "account_name", "theirs_id", "theirs_name"), TEXT)
WATCHED |= dict.fromkeys(("our_population", "partner_population", "relation", "play"), TEXT)
WATCHED |= {"priority": pl.Int64, "probability": pl.Float64, "icp_fit": pl.Int64, "engagement": TEXT}
ROW = dict.fromkeys(("partner", "id", "name", "website", "phone", "country"), TEXT) | {"headcount": pl.Int64}
ROW |= dict.fromkeys(("population", "owner_name"), TEXT)
MATCH = dict.fromkeys(("crm", "ours_id", "partner", "theirs_id", "decision", "reasons", "relation"), TEXT)
MATCH |= {"probability": pl.Float64}
OUT = dict.fromkeys(("crm", "id", "name", "rule"), TEXT)


def frame(rows, schema):
    return pl.DataFrame(rows, schema=schema)


def ours_gone(week):
    del week.accounts["A1"]
    week.ends()


def excluded(week):
    week.excluded.append("A1")
    week.ends()


def theirs_gone(week):
    del week.rows["X1"]
    week.ends()


def partner_removed(week):
    del week.facts["by_partner"]["globex"]
    week.facts["found_by"]["partners"] = "x2"
    theirs_gone(week)


def terms_over(week):
    week.facts["not_analysed"] = {"globex": "its terms expired on 2026-03-01"}
    theirs_gone(week)


def judged_apart(week):
    week.ends()
    week.matches["A1", "X1"] = week.match("no match", 0.0, "judged different companies by ada on 2026-03-02; same name")


def our_website(week):
    week.accounts["A1"]["website"] = "other.com"
    week.ends()


def their_website(week):
    week.rows["X1"]["website"] = "other.com"
    week.ends()


def rival(week):
    week.ends()
    week.matches["A2", "X1"] = week.match()


def another_model(week):
    week.facts |= {"model": "default@2", "companies_by": "engine1 default@2 0.9"}
    week.ends()


def precision(week):
    week.facts |= {"match_at": 0.99}
    week.ends()


def another_version(week):
    week.facts |= {"companies_by": "engine2 default@1 0.9"}
    week.ends()


def words(week):
    week.facts |= {"statistics": "w2"}
    week.ends()


def nothing(week):
    week.ends()


GONE = [
    (ours_gone, "ours", "our account is gone"),
    (excluded, "exclusion", "excluded by [exclusions.tests]"),
    (theirs_gone, "theirs", "row X1 is not in their list any more"),
    (partner_removed, "setting", "[partners.globex] was taken out"),
    (terms_over, "terms", "no more: its terms expired on 2026-03-01"),
    (judged_apart, "judgement", "judged different companies by ada on 2026-03-02"),
    (our_website, "ours", "our account changed: website"),
    (their_website, "theirs", "their row X1 changed: website"),
    (rival, "ours", "X1 is now matched with our account A2"),
    (another_model, "model", "the model is another one"),
    (precision, "setting", "[matching] changed"),
    (another_version, "model", "another version of the engine"),
    (words, "words", "words were counted anew"),
    (nothing, "unknown", "nothing of this pair moved"),
]


@pytest.mark.parametrize(("happens", "kind", "text"), GONE)
def test_an_overlap_that_vanished_or_appeared_has_the_one_thing_that_changed_as_its_cause(happens, kind, text):
    before, after = Week(), Week()
    noise(after)
    happens(after)
    [gone] = run_changes(before.found(), after.found(), COMPARED)
    assert (gone.what, gone.after, gone.before["priority"]) == ("vanished", {}, 70)
    assert [cause.kind for cause in gone.causes] == [kind]
    assert text in gone.causes[0].text
    [new] = run_changes(after.found(), before.found(), COMPARED)
    assert (new.what, new.before, [cause.kind for cause in new.causes]) == ("appeared", {}, [kind])


def noise(week):
    """Things that change every week and are the cause of nothing here."""
    week.accounts["A1"] |= {"modified_at": 2, "owner_id": "v", "industry": "Tech"}
    week.rows["X1"]["owner_name"] = "Bob"
    week.deals["D1"]["amount"] = 7.0
    week.facts["by_partner"]["initech"] = "n2"
    week.facts["found_by"] |= {"partners": "x2", "influence": "f2"}


def customer_type(week):
    week.accounts["A1"]["account_type"] = "Customer"
    week.overlap["our_population"] = "Customers"


def won(week):
    week.deals["D1"] |= {"is_won": True, "is_closed": True}
    week.overlap["our_population"] = "Customers"


def other_rules(week):
    week.facts["found_by"]["populations"] = "p2"
    week.overlap["our_population"] = "Customers"


def day(week):
    week.overlap["our_population"] = "Customers"


def says_otherwise(week):
    week.rows["X1"]["population"] = "Prospects"
    week.overlap["partner_population"] = "Prospects"


def read_otherwise(week):
    week.facts["by_partner"]["globex"] = "g2"
    week.overlap["partner_population"] = "Prospects"


def off_limits(week):
    week.overlap |= {"engagement": "Off limits", "play": None, "priority": 0}


def more_people(week):
    week.accounts["A1"]["headcount"] = 5000
    week.overlap |= {"icp_fit": 90, "priority": 85}


def own_field(week):
    week.accounts["A1"]["custom"] = '{"tier": "2"}'
    week.overlap |= {"icp_fit": 90, "priority": 85}


def other_profile(week):
    week.facts["found_by"]["icp"] = "i2"
    week.overlap |= {"icp_fit": 90, "priority": 85}


def judged_same(week):
    week.matches["A1", "X1"] = week.match(probability=1.0, reasons="judged the same company by ada on 2026-03-02")
    week.overlap |= {"probability": 1.0}


def likelier(week):
    week.rows["X1"]["phone"] = "+49 30 1234"
    week.matches["A1", "X1"] = week.match(probability=0.995)
    week.overlap |= {"probability": 0.995}


MOVED = [
    (customer_type, "our_population", "ours", "our account changed: account_type"),
    (won, "our_population", "ours", "deals of our account changed"),
    (other_rules, "our_population", "setting", "[populations] changed"),
    (day, "our_population", "day", "asks of the day"),
    (says_otherwise, "partner_population", "theirs", "row X1 says Prospects, it said Customers"),
    (read_otherwise, "partner_population", "setting", "[partners.globex] changed"),
    (off_limits, "play, priority", "ours", "our account is off limits"),
    (more_people, "priority", "ours", "our account changed: headcount"),
    (own_field, "priority", "ours", "our account changed: tier"),
    (other_profile, "priority", "setting", "[icp] changed"),
    (judged_same, "likelihood", "judgement", "judged the same company by ada"),
    (likelier, "likelihood", "theirs", "their row X1 changed: phone"),
]


@pytest.mark.parametrize(("happens", "columns", "kind", "text"), MOVED)
def test_what_changed_of_an_overlap_has_the_one_thing_that_changed_as_its_cause(happens, columns, kind, text):
    before, after = Week(), Week()
    noise(after)
    happens(after)
    [moved] = run_changes(before.found(), after.found(), COMPARED)
    assert (moved.what, ", ".join(moved.columns)) == ("changed", columns)
    assert [cause.kind for cause in moved.causes] == [kind]
    assert text in moved.causes[0].text


def test_an_unchanged_week_has_no_changes():
    before, after = Week(), Week()
    noise(after)
    assert run_changes(before.found(), after.found(), COMPARED) == []


def test_where_two_things_changed_that_bear_on_it_both_are_named():
    before, after = Week(), Week()
    after.accounts["A1"]["name"] = "Zebra"
    another_model(after)
    [gone] = run_changes(before.found(), after.found(), COMPARED)
    assert [cause.kind for cause in gone.causes] == ["ours", "model"]


def test_a_run_of_an_earlier_version_names_the_section_instead_of_the_partner():
    before, after = Week(), Week()
    for fact in ("by_partner", "by_crm", "asks", "not_analysed"):
        before.facts.pop(fact)
    read_otherwise(after)
    after.facts["found_by"]["partners"] = "x2"
    [moved] = run_changes(before.found(), after.found(), COMPARED)
    assert [cause.text for cause in moved.causes] == ["[partners] changed"]
