"""What our accounts are together: who is left out with whom, who keeps a deal closed, and what stands until when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from config.workspace import open_workspace
from jobs.context import Context
from jobs.finding import our_companies as ours
from jobs.finding.our_companies import OurCompanies
from jobs.stores import snapshot
from jobs.stores.ledger import open_ledger
from matching.engine import Engine
from matching.model import Model
from overlap.model import Account, Match, Opportunity
from tests.overlap.frames import MOMENT, frame
from tests.overlap.test_shared import said, verdicts

CRM = """
[crm.{}]
type = "salesforce"
login_url = "https://{}.example"
consumer_key = "env:KEY"
consumer_secret = "env:SECRET"
[crm.{}.opportunity_fields]
twin = "Twin__c"
"""
ONE = '[workspace]\nid = "contoso"\n' + CRM.format(*["sf"] * 3)
TWO = ONE + CRM.format(*["hub"] * 3) + '[companies]\nsame_deal = "twin"\n'
HELD = '[exclusions.legal-hold]\nids = ["t"]\n'
SITE = {"website": "https://velmorant.fr", "city": "Lyon", "country": "France"}


@contextmanager
def workspace(folder: Path, settings: str) -> Iterator[Context]:
    (folder / "overlap.toml").write_text(settings, encoding="utf-8")
    opened = open_workspace(folder)
    with open_ledger(opened.ledger_file, opened.settings.workspace.id) as ledger:
        yield Context(opened, ledger, MOMENT, "ada")


def account(crm: str, key: str, name: str = "Velmorant", **more: Any) -> dict[str, Any]:
    return {"crm": crm, "id": key, "name": name, "is_lead": False} | more


def found(
    context: Context, *accounts: dict[str, Any], deals: tuple[dict[str, Any], ...] = (), judged=()
) -> OurCompanies:
    rows = frame(Opportunity, *deals)
    return ours.our_companies(context, frame(Account, *accounts), rows, verdicts(*judged))


def together(companies: OurCompanies) -> set[frozenset[str]]:
    grouped = companies.known.group_by("company").agg("id")
    return {frozenset(keys) for keys in grouped["id"]}


def test_an_account_that_fits_one_left_out_and_another_is_the_others(tmp_path: Path) -> None:
    """The test account is the likest, but its website is another one."""
    test = account("sf", "t", website="velmorant-test.com", city="Lyon", country="France", phone="+33 4 78 42 12 34")
    real, there = account("sf", "r", **SITE), account("hub", "h", city="Lyon", country="France", phone="+33478421234")
    with workspace(tmp_path, TWO) as context:
        assert together(found(context, test, real, there)) == {frozenset("th"), frozenset("r")}
    with workspace(tmp_path, TWO + HELD) as context:
        kept = found(context, test, real, there)
        assert together(kept) == {frozenset("t"), frozenset("rh")}
        assert kept.gone.accounts["id"].to_list() == ["t"]
        alone = found(context, test, there)
        assert alone.gone.accounts["id"].to_list() == ["t", "h"], "nothing else of the company is kept"


def test_a_deal_is_left_out_or_closed_with_its_copy_whatever_their_accounts_are(tmp_path: Path) -> None:
    accounts = [account("sf", "t", "Alder"), account("sf", "c", "Birch", engagement="Off limits")]
    accounts += [account("hub", "x", "Cedar"), account("hub", "y", "Dogwood")]
    deals = [{"crm": "sf", "id": "d", "account_id": "t"}, {"crm": "sf", "id": "e", "account_id": "c"}]
    deals += [
        {"crm": "hub", "id": "D", "account_id": "x", "custom": '{"twin": "d"}'},
        {"crm": "hub", "id": "E", "account_id": "y", "custom": '{"twin": "e"}'},
    ]
    with workspace(tmp_path, TWO + HELD) as context:
        kept = found(context, *accounts, deals=tuple(deals))
    assert kept.gone.accounts["id"].to_list() == ["t"]
    assert sorted(kept.gone.deals["id"]) == ["D", "d"]
    assert kept.deals.filter(engagement="Off limits")["id"].to_list() == ["e", "E"]


def test_doubles_that_are_judged_otherwise_of_one_row_are_two_companies_with_one_crm_too(tmp_path: Path) -> None:
    doubles = (account("sf", "a", **SITE), account("sf", "b", **SITE))
    with workspace(tmp_path, ONE) as context:
        assert together(found(context, *doubles)) == {frozenset("ab")}
        apart = found(context, *doubles, judged=(said("sf", "a", "same"), said("sf", "b", "different")))
        assert together(apart) == {frozenset("a"), frozenset("b")}


class Nearly:
    """An engine to which the two accounts are nearly a match, or what *decision* says."""

    decision = "match"

    def match(self, ours: pl.DataFrame, theirs: pl.DataFrame, model: Model) -> pl.DataFrame:
        likely = model.match_at + (0.001 if self.decision == "match" else -0.001)
        if ours["crm"][0] == theirs["id"][0].split(":")[0]:
            return frame(Match)
        pair = {"crm": ours["crm"][0], "ours_id": ours["id"][0], "theirs_id": theirs["id"][0]}
        return frame(Match, pair | {"probability": likely, "decision": self.decision})


@pytest.fixture
def nearly(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    engine = Nearly()

    def as_engine() -> Engine:
        return engine

    monkeypatch.setattr(ours, "DuckDbEngine", as_engine)
    return lambda decision: setattr(engine, "decision", decision)


def test_one_company_stands_until_an_account_or_the_precision_changes(
    tmp_path: Path, nearly: Callable[[str], None]
) -> None:
    both, other = (account("sf", "t"), account("hub", "h")), account("sf", "o", "Linden")
    with workspace(tmp_path, TWO + HELD) as context:
        first = found(context, *both)
        assert together(first) == {frozenset("th")}
        snapshot.publish(context.workspace.runs, 1, {"companies": first.known}, first.facts)
        context.ledger.pin("published_run", "1")
        nearly("review")
        assert together(found(context, *both, other)) == {frozenset("th"), frozenset("o")}
        moved = account("hub", "h", website="velmorant.fr")
        assert together(found(context, both[0], moved, other)) == {frozenset("t"), frozenset("h"), frozenset("o")}
    with workspace(tmp_path, TWO + HELD + "[matching]\nprecision = 0.95\n") as context:
        assert together(found(context, *both, other)) == {frozenset("t"), frozenset("h"), frozenset("o")}


def test_one_company_does_not_stand_without_the_account_that_linked_it(
    tmp_path: Path, nearly: Callable[[str], None]
) -> None:
    both, link = (account("sf", "t"), account("hub", "h")), account("sf", "z")
    with workspace(tmp_path, TWO) as context:
        first = found(context, *both, link)
        one = first.known.with_columns(company=pl.lit("hub:h"))
        snapshot.publish(context.workspace.runs, 1, {"companies": one}, first.facts)
        context.ledger.pin("published_run", "1")
        nearly("review")
        assert frozenset("th") in together(found(context, *both, link, account("sf", "o", "Linden")))
        assert together(found(context, *both)) == {frozenset("t"), frozenset("h")}


def test_one_company_does_not_stand_once_the_account_that_linked_it_is_excluded_or_judged_apart(
    tmp_path: Path, nearly: Callable[[str], None]
) -> None:
    rows = (account("sf", "t"), account("hub", "h"), account("sf", "z"))
    apart = (said("sf", "z", "same"), said("sf", "t", "different"))
    with workspace(tmp_path, TWO) as context:
        first = found(context, *rows)
        one = first.known.with_columns(company=pl.lit("hub:h"))
        snapshot.publish(context.workspace.runs, 1, {"companies": one}, first.facts)
        context.ledger.pin("published_run", "1")
        nearly("review")
        elsewhere = (said("sf", "z", "same"), said("sf", "o", "different"))
        stood = found(context, *rows, account("sf", "o", "Linden"), judged=elsewhere)
        assert frozenset("th") in together(stood), "what is said of another company is another company's"
        assert frozenset("th") not in together(found(context, *rows, judged=apart))
    with workspace(tmp_path, TWO + HELD.replace('"t"', '"z"')) as context:
        assert frozenset("th") not in together(found(context, *rows))


def test_a_former_run_that_is_of_another_engine_or_cannot_be_read_counts_as_none(
    tmp_path: Path, nearly: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = (account("sf", "t"), account("hub", "h"))
    with workspace(tmp_path, TWO) as context:
        first = found(context, *both)
        folder = snapshot.publish(context.workspace.runs, 1, {"companies": first.known}, first.facts)
        context.ledger.pin("published_run", "1")
        nearly("review")
        assert together(found(context, *both)) == {frozenset("th")}
        with monkeypatch.context() as patched:
            patched.setattr(ours, "engine_version", lambda: "another")
            assert together(found(context, *both)) == {frozenset("t"), frozenset("h")}
        first.known.clear().write_parquet(folder / "companies.parquet")
        assert together(found(context, *both)) == {frozenset("t"), frozenset("h")}
        (folder / "companies.parquet").unlink()
        assert together(found(context, *both)) == {frozenset("t"), frozenset("h")}
        (folder / "manifest.json").unlink()
        assert together(found(context, *both)) == {frozenset("t"), frozenset("h")}
