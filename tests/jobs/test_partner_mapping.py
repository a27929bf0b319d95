"""How a partner's lists are read is remembered: a list that does not fit is held, and a person may correct it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from config.terms import TermsSettings
from config.workspace import open_workspace
from jobs.context import Context
from jobs.partners import lists, lists_in_force
from jobs.partners.arrivals import fetched
from jobs.partners.partner_mapping import Correction, correct, look
from jobs.stores import list_mappings, schema
from jobs.stores.ledger import open_ledger
from jobs.stores.warehouse import open_warehouse
from overlap.errors import ConfigError, GuardError
from tests.jobs.world import START

SETTINGS = """
[workspace]
id = "contoso-1a2b3c"
name = "Contoso"

[partners.globex]
name = "Globex"
files = "inbox/globex*"

[lists]
separate_process = false
"""
ROWS = [(f"{at}", f"Company {at} GmbH", f"site{at}.de", "Germany") for at in range(8)]
BEFORE = ("ID", "Company", "Domain", "Country")
Send = Callable[..., Path]


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    for part in ("inbox", "lists", "quarantine", "runs"):
        (tmp_path / part).mkdir()
    (tmp_path / "overlap.toml").write_text(SETTINGS, encoding="utf-8")
    workspace = open_workspace(tmp_path)
    with open_ledger(workspace.ledger_file, "contoso-1a2b3c") as ledger:
        yield Context(workspace, ledger, START, "ada")


@pytest.fixture
def send(context: Context) -> Send:
    def write(day: int, *headings: str, rows: list[tuple[str, ...]] = ROWS) -> Path:
        path = context.workspace.folder / "inbox" / f"globex-2026-02-{day:02}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([headings, *rows])
        return path

    return write


def take_in(context: Context, approve: bool = False) -> lists.ListReport:
    """Take in the newest list and bring the warehouse to what is in force, as a pull does."""
    with lists_in_force.reading(context) as read:
        report = lists.take_in(context, "globex", approve, read)
        with open_warehouse(context.workspace.warehouse_file) as warehouse, warehouse.transaction():
            lists_in_force.land(context, warehouse, "globex", read)
    return report


def landed(context: Context, *columns: str) -> list[tuple[str | None, ...]]:
    with open_warehouse(context.workspace.warehouse_file) as warehouse:
        return warehouse.frame("partner_accounts").sort("id").select(columns).rows()


def memory(context: Context):
    return list_mappings.memory(context.ledger, "globex")[0]


def test_an_accepted_list_is_remembered_with_who_and_when_and_once(context: Context, send: Send) -> None:
    send(1, *BEFORE)
    assert take_in(context).state == "accepted"
    assert memory(context).headings == BEFORE
    assert memory(context).taken == dict(zip(("id", "name", "website", "country"), BEFORE, strict=True))
    send(2, *BEFORE)
    assert take_in(context).state == "accepted"
    with context.ledger.engine.connect() as connection:
        rows = connection.execute(schema.list_mappings.select()).all()
    assert [(row.partner, row.said_by, row.said_at) for row in rows] == [("globex", "ada", START)]


def test_a_list_whose_headings_changed_is_held_until_a_person_accepts_it(context: Context, send: Send) -> None:
    send(1, *BEFORE)
    take_in(context)
    send(2, "ID", "Company", "Web", "Country")
    held = take_in(context)
    assert held.state == "held"
    assert held.reasons == (
        "its headings do not fit those of the last list: website was read from 'Domain', which is gone; 'Web' would be "
        "read instead; look with 'overlap partner mapping globex', correct with its --set",
    )
    assert take_in(context, approve=True).state == "accepted"
    assert memory(context).taken["website"] == "Web"
    send(3, "ID", "Company", "Web", "Country")
    assert take_in(context).state == "accepted"
    assert landed(context, "website") == [(row[2],) for row in ROWS]


def test_new_headings_that_nothing_is_made_of_are_only_told(context: Context, send: Send) -> None:
    send(1, *BEFORE)
    take_in(context)
    send(2, *BEFORE, "Color", rows=[(*row, "red") for row in ROWS])
    report = take_in(context)
    assert report.state == "accepted"
    assert report.notes == ("new headings that are not used: 'Color'",)


def test_a_list_in_which_the_company_is_gone_says_where_it_was_read_before(context: Context, send: Send) -> None:
    send(1, *BEFORE)
    take_in(context)
    send(
        2, "ID", "Designation", "Domain", "Country", rows=[(*row[:1], row[1].split(" G")[0], *row[2:]) for row in ROWS]
    )
    assert "name was read from 'Company', which is gone" in take_in(context, approve=True).reasons[0]
    assert correct(context, "globex", Correction({"name": "designation"})).held is None
    assert take_in(context).state == "accepted"
    assert landed(context, "name")[0] == ("Company 0",)


def test_a_list_that_was_read_otherwise_stays_readable_when_its_partner_calls_the_company_something_else(
    context: Context, send: Send
) -> None:
    rows = [(row[0], row[1].removesuffix(" GmbH"), *row[2:]) for row in ROWS]
    send(1, "ID", "Nomenclature", "Domain", "Country", rows=rows)
    correct(context, "globex", Correction({"name": "Nomenclature"}))
    assert take_in(context).state == "accepted"
    context = replace(context, now=START + timedelta(days=1))
    send(2, "ID", "Designation", "Domain", "Country", rows=rows)
    assert take_in(context).state == "held"
    correct(context, "globex", Correction({"name": "Designation"}))
    assert take_in(context).state == "accepted"
    context.workspace.warehouse_file.unlink()
    take_in(context)
    assert len(landed(context, "name")) == 8, "both were read again"


def test_a_list_that_may_not_be_read_is_not_shown(context: Context, send: Send) -> None:
    send(1, *BEFORE)
    globex = context.workspace.settings.partners["globex"]
    context.workspace.settings.partners["globex"] = globex.model_copy(update={"terms": TermsSettings(uses=())})
    with pytest.raises(GuardError, match="no list of 'globex' is read"):
        look(context, "globex")


def test_a_list_that_was_fetched_is_shown_before_it_is_in_force(context: Context, send: Send) -> None:
    sent = send(1, *BEFORE)
    place = fetched(context.workspace.folder, "globex")
    place.mkdir(parents=True)
    sent.rename(place / sent.name)
    globex = context.workspace.settings.partners["globex"]
    context.workspace.settings.partners["globex"] = globex.model_copy(update={"files": "s3://bucket/globex*"})
    assert look(context, "globex").file == sent.name


def test_a_correction_is_written_down_and_counts_from_the_next_pull_on(context: Context, send: Send) -> None:
    send(1, "ID", "Company", "Domain", "Ort des Rechts")
    take_in(context)
    assert landed(context, "country", "city")[0] == ("Germany", None)
    report = correct(context, "globex", Correction({"city": "Ort des Rechts"}, ignore=["Domain"]))
    found = {one.heading: (one.column, one.why) for one in report.headings}
    assert found["Ort des Rechts"] == ("city", "corrected")
    assert found["Domain"] == (None, None)
    with open_warehouse(context.workspace.warehouse_file) as warehouse:
        assert lists_in_force.mapping_moved(context, warehouse, "globex")
    assert take_in(context).state == "unchanged"
    assert landed(context, "country", "city", "website")[0] == (None, "Germany", None)
    with context.ledger.engine.connect() as connection:
        (line,) = connection.execute(schema.audit.select()).all()
    assert (line.who, line.did) == ("ada", "corrected mapping")
    assert '"columns": {"city": "Ort des Rechts"}' in line.what
    again = correct(context, "globex", Correction({}, forget=True))
    assert {one.heading: one.column for one in again.headings}["Domain"] == "website"


def test_a_list_that_was_accepted_and_is_not_in_the_warehouse_is_told(context: Context, send: Send) -> None:
    send(1, *BEFORE)
    take_in(context)
    with open_warehouse(context.workspace.warehouse_file) as warehouse, lists_in_force.reading(context) as read:
        assert lists_in_force.is_landed(context, warehouse, "globex")
        send(2, *BEFORE)
        assert lists.take_in(context, "globex", approve=False, read=read).state == "accepted"
        assert not lists_in_force.is_landed(context, warehouse, "globex")
        lists_in_force.give_up(context, warehouse, "globex")
        assert lists_in_force.is_landed(context, warehouse, "globex"), "a pull told that it cannot be read"
        send(3, *BEFORE)
        lists.take_in(context, "globex", approve=False, read=read)
        assert not lists_in_force.is_landed(context, warehouse, "globex")


def test_what_reading_does_not_ask_reads_no_list_again(context: Context, send: Send) -> None:
    send(1, *BEFORE)
    take_in(context)
    partners = context.workspace.settings.partners
    with open_warehouse(context.workspace.warehouse_file) as warehouse, lists_in_force.reading(context) as read:
        for change in ({"terms": TermsSettings(agreement="NDA")}, {"expected_every_days": 7}, {"account": "001"}):
            partners["globex"] = partners["globex"].model_copy(update=change)
            assert lists_in_force.land(context, warehouse, "globex", read) is None, change
        for change in ({"population": "Prospects"}, {"name": "Customer Labs"}):
            partners["globex"] = partners["globex"].model_copy(update=change)
            assert lists_in_force.land(context, warehouse, "globex", read) == 8, change


def test_what_a_person_says_of_headings_has_a_fingerprint_that_an_accepted_list_leaves(
    context: Context, send: Send
) -> None:
    def now() -> str:
        return list_mappings.fingerprints(context.ledger, ["globex"])["globex"]

    said = [now()]
    send(1, *BEFORE)
    take_in(context)
    assert now() == said[0]
    for correction in (Correction({"city": "Country"}), Correction({}, ignore=["Domain"]), Correction({}, forget=True)):
        correct(context, "globex", correction)
        assert now() not in said
        said.append(now())


def test_without_a_file_in_the_inbox_the_list_in_force_is_shown(context: Context, send: Send) -> None:
    with pytest.raises(ConfigError, match="has sent no list yet"):
        look(context, "globex")
    sent = send(1, *BEFORE)
    take_in(context)
    sent.unlink()
    assert look(context, "globex").file == sent.name


WRONG = [
    (Correction({"nam": "Company"}), "--set nam: not a column of ours; did you mean 'name'?"),
    (Correction({"name": "Compny"}), "the file has no heading 'Compny'; did you mean 'Company'?"),
    (Correction({}, ignore=["Colour"]), "the file has no heading 'Colour'"),
    (Correction({"country": "Domain"}), "the settings say headings.country = 'Country'; correct it there"),
    (Correction({}, ignore=["Country"]), "the settings say headings.country = 'Country'; correct it there"),
]


@pytest.mark.parametrize(("said", "error"), WRONG)
def test_a_correction_that_cannot_hold_is_refused_and_nothing_is_written(
    context: Context, send: Send, said: Correction, error: str
) -> None:
    send(1, *BEFORE)
    context.workspace.settings.partners["globex"].headings["country"] = "Country"
    with pytest.raises(ConfigError) as raised:
        correct(context, "globex", said)
    assert error in str(raised.value)
    assert list_mappings.memory(context.ledger, "globex")[1] == 0
