"""When an overlap retires: at once where somebody said so, after two complete looks where something is just absent."""

from __future__ import annotations

import pytest

from jobs.finding import pairs
from jobs.stores.warehouse import open_warehouse
from tests.jobs.world import COMPANIES, GLOBEX, GLOBEX_ACCOUNT, LISTED, account_id, listed

LAST = LISTED[-1]
WITHOUT_LAST = LISTED[:-1]


def vanish(world, number):
    """The account is not visible any more, and nobody deleted it: what a permission that shrank looks like."""
    world.store.database.rows('delete from "Account" where "Id" = ?', (account_id(number),))


def status(world, number=LAST, partner="Globex"):
    return world.overlap(number, partner)["Status__c"]


def causes(planned):
    return {change.label: change.cause for change in planned.changes if change.action == "retire"}


# --- partners' lists ------------------------------------------------------------------------------------------------


def test_a_row_that_one_list_lacks_keeps_its_overlap(written):
    written.wait(days=7)
    written.send(GLOBEX, listed(*WITHOUT_LAST))
    report = written.run(lists=[GLOBEX])
    assert report.pulled.lists[0].state == "accepted"
    assert status(written) == "Active"
    assert written.account(LAST)["Overlap_Customer_Of__c"] == "Globex"


def test_a_row_that_lists_of_two_days_lack_retires_its_overlap(written):
    for _ in range(2):
        written.wait(days=7)
        written.send(GLOBEX, listed(*WITHOUT_LAST))
        report = written.run(lists=[GLOBEX])
    assert status(written) == "Retired"
    assert written.account(LAST)["Overlap_Customer_Of__c"] is None
    assert causes(report.plans[0]) == {"Globex: Fir Optics": "not in the partner's list any more"}
    assert [status(written, number) for number in WITHOUT_LAST] == ["Active"] * 5


def test_a_corrected_list_of_the_same_day_is_no_second_absence(written):
    written.wait(days=7)
    written.send(GLOBEX, listed(*WITHOUT_LAST))
    written.run(lists=[GLOBEX])
    written.wait(hours=2)
    written.send(GLOBEX, [*listed(*WITHOUT_LAST), *listed(8)])
    report = written.run(lists=[GLOBEX])
    assert report.pulled.lists[0].state == "accepted"
    assert written.overlap(8) is not None, "the corrected list is in force"
    assert status(written) == "Active"


def test_a_row_that_comes_back_is_as_if_it_had_never_gone(written):
    for rows in (WITHOUT_LAST, LISTED, WITHOUT_LAST):
        written.wait(days=7)
        written.send(GLOBEX, listed(*rows))
        written.run(lists=[GLOBEX])
    assert status(written) == "Active"


def test_a_retired_overlap_becomes_active_again_as_the_same_record(written):
    record = written.overlap(LAST)["Id"]
    for _ in range(2):
        written.wait(days=7)
        written.send(GLOBEX, listed(*WITHOUT_LAST))
        written.run(lists=[GLOBEX])
    assert status(written) == "Retired"
    written.wait(days=7)
    written.send(GLOBEX, listed(*LISTED))
    written.run()
    assert (status(written), written.overlap(LAST)["Id"]) == ("Active", record)
    assert written.overlap(LAST)["First_Seen__c"] == "2026-03-02"


def test_no_list_at_all_retires_nothing(written):
    for file in (written.folder / "inbox").iterdir():
        file.unlink()
    written.wait(days=60)
    report = written.run()
    assert {change.object_name for change in report.plans[0].changes} == {"overlap_partner"}
    assert status(written) == "Active"
    feeds = {record["Name"]: record["Feed_Status__c"] for record in written.store.records("Overlap_Partner__c")}
    assert feeds == {"Globex": "Late", "Initech": "Late"}, "unknown, not gone"


# --- what somebody said ---------------------------------------------------------------------------------------------


def test_an_account_that_was_deleted_retires_its_overlap_at_once(written):
    written.store.delete("Account", account_id(LAST))
    written.wait(hours=1)
    planned = written.look()
    assert causes(planned) == {"Globex: Fir Optics": "our account is gone"}
    written.apply(planned)
    record = next(r for r in written.store.records("Partner_Overlap__c") if r["Name"] == "Globex: Fir Optics")
    assert record["Status__c"] == "Retired"


def test_a_partner_whose_own_account_was_deleted_is_linked_to_none(written):
    def linked_to():
        records = written.store.records("Overlap_Partner__c")
        return [record["Partner_Account__c"] for record in records if record["Name"] == "Globex"]

    assert linked_to() == [GLOBEX_ACCOUNT]
    written.wait(days=1)
    written.store.delete("Account", GLOBEX_ACCOUNT)
    [done] = written.run().applied
    assert (done.troubles, linked_to()) == ((), [None])


def test_the_verdict_different_retires_at_once_and_undoing_it_brings_back(written):
    with written.context() as context:
        pairs.judge(context, COMPANIES[LAST][0], f"X-{LAST}", "different")
    written.wait(minutes=1)
    planned = written.look()
    assert causes(planned) == {"Globex: Fir Optics": "judged different"}
    written.apply(planned)
    assert status(written) == "Retired"
    with written.context() as context:
        pairs.judge(context, COMPANIES[LAST][0], f"X-{LAST}", "undo")
    written.run()
    assert status(written) == "Active"


def test_removing_a_partner_retires_all_of_it_at_once_but_not_without_a_person(written):
    before, _, after = (written.folder / "overlap.toml").read_text().partition("[partners.initech]")
    assert after
    (written.folder / "overlap.toml").write_text(before)
    report = written.run(approve=False)
    assert report.plans[0].held == ("2 of 2 overlaps with 'Initech' would retire",)
    assert status(written, 0, "Initech") == "Active"
    assert causes(report.plans[0]) == {
        "Initech: Alder Pumps": "the partner was removed",
        "Initech: Birch Valves": "the partner was removed",
    }
    written.apply(report.plans[0], approve=True)
    assert (status(written, 0, "Initech"), status(written, 0)) == ("Retired", "Active")
    assert written.account(0)["Overlap_Prospect_Of__c"] is None


# --- accounts that nobody deleted -----------------------------------------------------------------------------------


def test_an_account_that_vanished_keeps_its_overlap_until_two_sweeps_missed_it(written):
    vanish(written, LAST)
    written.wait(days=1)
    assert not causes(written.look()), "no sweep is due yet"
    written.wait(days=6)
    assert not causes(written.look()), "one sweep is not enough"
    written.wait(days=7)
    assert causes(written.look()) == {"Globex: Fir Optics": "our account is gone"}


def test_a_record_of_ours_counts_as_deleted_when_two_sweeps_missed_it(written):
    written.pull()  # brings what the first run wrote
    written.store.database.rows('delete from "Partner_Overlap__c"')
    seen = []
    for _ in range(2):
        written.wait(days=7)
        written.pull()
        seen.append(len(landed(written, "record:partner_overlap")))
    assert seen == [8, 0]


def test_an_account_that_shows_up_again_starts_from_zero(written):
    row = written.account(LAST)
    vanish(written, LAST)
    written.wait(days=7)
    written.look()
    back = {name: row[name] for name in ("Id", "Name", "Website", "BillingCountry", "OwnerId", "CreatedDate")}
    back |= {name: value for name, value in row.items() if name.startswith("Overlap_")}
    written.store.seed("Account", [back | {"SystemModstamp": row["SystemModstamp"]}])
    written.wait(days=7)
    assert written.look().changes == ()
    vanish(written, LAST)
    written.wait(days=7)
    assert not causes(written.look())


@pytest.mark.parametrize(
    ("thrown_away_on", "gone_on"),
    [(3, {3: False, 7: False, 14: True}), (10, {7: False, 10: True}), (14, {7: False, 14: True})],
)
def test_throwing_the_warehouse_away_takes_no_second_chance_from_an_account(written, thrown_away_on, gone_on):
    """A read into an empty warehouse is a sweep like another: the next one is due a week later."""
    vanish(written, LAST)
    seen, today = {}, 0
    for day in gone_on:
        written.wait(days=day - today)
        today = day
        if day == thrown_away_on:
            written.workspace.warehouse_file.unlink()
        seen[day] = bool(causes(written.look()))
    assert seen == gone_on


def test_a_vanished_account_never_retires_on_the_first_full_read_of_a_new_warehouse(written):
    vanish(written, LAST)
    written.workspace.warehouse_file.unlink()
    written.wait(hours=1)
    assert not causes(written.look())


def test_an_account_that_a_new_permission_shows_is_read_by_the_sweep_that_sees_it(written):
    """Nobody changed it, so no watermark will ever bring it."""
    long_ago = "2020-01-01T00:00:00.000+0000"
    hidden = account_id(77)
    written.pull()  # brings what was made during the first sweep
    written.wait(days=8)
    written.store.seed("Account", [{"Id": hidden, "Name": "Juniper Mills", "SystemModstamp": long_ago}])
    report = written.pull()
    assert hidden in landed(written)
    assert report.crms[0].overlooked == 1


def landed(world, stream="accounts"):
    with open_warehouse(world.folder / "warehouse.duckdb") as warehouse:
        return warehouse.ids(stream, "salesforce")
