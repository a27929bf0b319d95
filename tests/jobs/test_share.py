"""Releasing what a partner may see: only what was looked at goes out, on record, and nothing that changed by then."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs import steps
from jobs.sharing import share
from jobs.sharing.share import Approval, Offer
from jobs.sharing.withdraw import withdraw
from jobs.stores import releases, shares
from jobs.stores.digest import digest
from jobs.stores.releases import Release
from overlap.errors import ConfigError, GuardError, OverlapError
from tests.jobs.test_exclusions import settle
from tests.jobs.world import INITECH, World, account_id, listed

LINE = '"our Prospects x their Customers" = "overlapping"'
SHARE = f"""
[partners.globex.share]
fields = ["name", "country"]
expires = 2026-12-31
[partners.globex.share.cells]
{LINE}
"""
RULE = '[exclusions.x]\nids = ["1"]\n[partners.globex.share]'


def look(world: World, partner: str = "globex") -> Offer:
    with world.context() as context:
        return share.offer(context, partner)


def release(world: World, typed: str | None = None, looked_at: str | None = None, out: Path | None = None) -> Release:
    with world.context() as context:
        return share.release(context, "globex", Approval(looked_at or look(world).looked_at, typed), "csv", out)


def gone(world: World) -> tuple[str, ...]:
    with world.context() as context:
        return withdraw(context)


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))


@pytest.fixture
def sharing(written: World) -> World:
    settle(written, SHARE)
    return written


def test_a_release_is_what_was_looked_at_and_is_on_record(sharing: World) -> None:
    offer = look(sharing)
    assert (offer.rows, dict(offer.cells), offer.since) == (3, {"Prospects x Customers": 3}, None)
    assert not (sharing.folder / "shares").exists(), "looking writes nothing"
    done = release(sharing)
    assert done.file_name == "shared/globex/globex-2026-03-02.csv"
    file = sharing.folder / done.file_name
    assert rows(file) == [
        ["their_id", "their_name", "their_website", "their_population", "reason", "our_name", "our_country"],
        [
            "X-3",
            "Dogwood Ceramics",
            "dogwoodceramics.com",
            "Customers",
            "same name; same country",
            "Dogwood Ceramics",
            "France",
        ],
        ["X-4", "Elm Logistics", "elmlogistics.com", "Customers", "same name; same country", "Elm Logistics", "France"],
        ["X-5", "Fir Optics", "firoptics.com", "Customers", "same name; same country", "Fir Optics", "France"],
    ]
    [(partner, path)] = shares.every(sharing.folder / "shares")
    assert (partner, digest(path), digest(file)) == ("globex", done.share_sha256, done.sha256)
    with sharing.context() as context:
        assert releases.every(context.ledger) == [done]
        said = [releases.row_of(text) for text in releases.rows_of(context.ledger, done.id)]
    assert [(row["their_id"], row["our_name"]) for row in said] == [(row[0], row[5]) for row in rows(file)[1:]]
    assert (done.who, done.rows) == ("ada", 3)
    assert ("ada", "released", {"release": 1, "partner": "globex"}) in sharing.audit()
    again = look(sharing)
    assert (again.since, again.new, again.gone) == (1, (), ())
    sharing.change_settings('"country"]', "]")
    assert {len(again.new), len(again.gone)} == {0}
    assert release(sharing).file_name == "shared/globex/globex-2026-03-02-2.csv", "no file takes another's place"


def test_what_changed_since_a_person_looked_does_not_go_out(sharing: World) -> None:
    looked_at = look(sharing).looked_at
    sharing.change_settings('["name", "country"]', '["name", "country", "id"]')
    with pytest.raises(GuardError, match="what 'globex' would get changed since you looked; look again"):
        release(sharing, looked_at=looked_at)
    assert not (sharing.folder / "shares").exists()


def test_all_of_a_population_goes_out_only_if_the_partners_key_is_typed(sharing: World) -> None:
    sharing.change_settings(LINE, '"our Prospects x their *" = "all"')
    for typed in (None, "", "Globex"):
        with pytest.raises(GuardError, match=r"all of your Prospects would go out.*say --confirm globex"):
            release(sharing, typed)
    assert release(sharing, "globex").rows > 3


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (
            lambda world: world.change_settings("expires = 2026", "expires = 2025"),
            GuardError,
            "agreed until 2025-12-31",
        ),
        (lambda world: world.change_settings(LINE, ""), ConfigError, r"partners\.globex\.share: nothing is shared"),
        (lambda world: world.wait(hours=25), ConfigError, r"run \d+ is older than 24 hours; run 'overlap pull'"),
        (
            lambda world: settle(world, '[exclusions.x]\nids = ["1"]\n'),
            ConfigError,
            r"\[exclusions\] changed since run",
        ),
    ],
    ids=["expired", "nothing", "old", "settings"],
)
def test_it_is_refused_with_the_reason(
    sharing: World, spoil: Callable[[World], None], error: type[OverlapError], said: str
) -> None:
    looked_at = look(sharing).looked_at
    spoil(sharing)
    for refused in (lambda: look(sharing), lambda: release(sharing, looked_at=looked_at)):
        with pytest.raises(error, match=said):
            refused()


def test_a_partner_that_is_not_there_or_gets_nothing_is_named(sharing: World) -> None:
    with pytest.raises(ConfigError, match="there is no partner 'hooli'; known: globex, initech"):
        look(sharing, "hooli")
    with pytest.raises(
        ConfigError, match=r'\[partners\.initech\.share\.cells\], as in "our Customers x their Prospects"'
    ):
        look(sharing, "initech")


def test_a_file_takes_nobodys_place(sharing: World, tmp_path: Path) -> None:
    for name, said in (("x.xlsx", "ends in .csv"), ("no/x.csv", "no folder that you may write to")):
        with pytest.raises(ConfigError, match=said):
            release(sharing, out=tmp_path / name)
    done = release(sharing, out=tmp_path / "x.csv")
    assert done.file_name == str(tmp_path / "x.csv")
    with pytest.raises(ConfigError, match="is there already"):
        release(sharing, out=tmp_path / "x.csv")


def test_a_policy_that_changed_or_is_over_takes_its_share_back_and_names_what_went_out(sharing: World) -> None:
    release(sharing)
    assert gone(sharing) == ()
    assert list(shares.every(sharing.folder / "shares")), "it counts still"
    text = (sharing.folder / "overlap.toml").read_text(encoding="utf-8")
    for old, new, why in (
        ('["name", "country"]', '["name"]', "what is shared with 'globex' changed"),
        ("[partners.globex.share]", RULE, "what is shared with 'globex' changed"),
        (LINE, "", "nothing is shared with 'globex'"),
        ("expires = 2026", "expires = 2025", "what is shared with 'globex' was agreed until 2025-12-31"),
    ):
        sharing.change_settings(old, new)
        [said] = gone(sharing)
        assert said.startswith(f"{why}: its share is deleted; released already: release ")
        assert "shared/globex/globex-2026-03-02.csv" in said
        assert not list(shares.every(sharing.folder / "shares"))
        (sharing.folder / "overlap.toml").write_text(text, encoding="utf-8")
        release(sharing)
    sharing.look()
    assert gone(sharing) == (), "a newer run is no news"
    assert not list(shares.every(sharing.folder / "shares"))


def test_what_is_cut_short_is_on_record_rather_than_out(sharing: World) -> None:
    def stop(step: str) -> None:
        if step == "share: recorded":
            raise OverlapError("the light went out")

    steps.listen(stop)
    try:
        with pytest.raises(OverlapError, match="the light went out"):
            release(sharing)
    finally:
        steps.listen(None)
    with sharing.context() as context:
        assert [one.rows for one in releases.every(context.ledger)] == [3]
    assert list((sharing.folder / "shared" / "globex").iterdir()) == []


def test_runs_that_differ_in_what_stays_here_give_the_same_bytes(sharing: World) -> None:
    """The same through pull and match: nobody of the hidden resembles one who is shared."""
    done = release(sharing)
    before = [(sharing.folder / done.file_name).read_bytes(), done.share_sha256]
    sharing.wait(days=3)
    hidden = {"Name": "Quince Brewery", "Website": "quince.example", "BillingCountry": "Peru", "OwnerId": None}
    sharing.store.create("Account", {name: value for name, value in hidden.items() if value})
    sharing.store.edit("Account", account_id(3), {"Phone": "+33 1 23", "AnnualRevenue": 7e6, "NumberOfEmployees": 12})
    sharing.store.edit("Account", account_id(0), {"Name": "Alder Secret Pumps"})
    sharing.store.edit("Account", account_id(1), {"Partner_Engagement__c": "Off limits"})
    sharing.send(INITECH, listed(0, 3, 4, 6, Status="Customer"))
    sharing.look()
    again = release(sharing)
    assert [(sharing.folder / again.file_name).read_bytes(), again.share_sha256] == before
    sharing.store.edit("Account", account_id(4), {"Partner_Engagement__c": "Off limits"})
    sharing.look()
    last = look(sharing)
    assert ([row["our_name"] for row in last.gone], dict(last.withheld)) == (["Elm Logistics"], {"off limits": 1})


def test_who_is_excluded_takes_a_double_along(sharing: World) -> None:
    """Elm is left out; what has its name or domain is the same company, whoever made the account."""
    double = {"Name": "Elm Logistics SA", "Website": "https://elmlogistics.com/fr", "BillingCountry": "France"}
    sharing.store.create("Account", double | {"OwnerId": sharing.account(4)["OwnerId"]})
    settle(sharing, f'[exclusions.legal-hold]\nids = ["{account_id(4)}"]\n')
    sharing.wait(minutes=5)
    sharing.look()
    found = look(sharing)
    assert dict(found.cells) == {"Prospects x Customers": 2}
    assert dict(found.withheld) == {"excluded": 1}
