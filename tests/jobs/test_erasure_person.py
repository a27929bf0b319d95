"""A person who is erased is found in no byte of the workspace nor in the CRM, and no later list brings them back."""

from __future__ import annotations

import pytest

from jobs import steps
from jobs.erasing import stop_list
from jobs.erasing.person import erase_person
from jobs.partners.corrections import correct
from jobs.partners.imports import Wish, import_list
from jobs.stores import erasures, releases
from jobs.stores.lists import name_of
from overlap.errors import GuardError
from tests.jobs.erasing import KEY, NAME, listed_again, places_of, said_by_the_crm, send_csv, send_workbook, tell

ADDRESS = "qqmail2@partner.example"
PERSON = ("qqmail2@", "Qqowner 2")


def test_an_erased_person_is_found_nowhere_and_no_later_list_brings_them_back(left):
    listed_again(left)
    with left.context() as context:
        tell(context, ADDRESS)
    before = places_of(left.folder, PERSON)
    kinds = {place.partition("/")[0].removesuffix("-wal") for place in before["qqmail2@"]}
    assert kinds >= {"ledger.sqlite", "warehouse.duckdb", "runs", "lists", "inbox"}
    assert said_by_the_crm(left.store, PERSON) == set(PERSON)
    with left.context() as context:
        assert erase_person(context, ADDRESS, preview=True).lists
        assert places_of(left.folder, PERSON) == before, "a preview changes nothing"
        report = erase_person(context, ADDRESS.upper())
    assert places_of(left.folder, PERSON) == {}
    assert said_by_the_crm(left.store, PERSON) == set()
    assert said_by_the_crm(left.store, ("Qqowner 3", "qqmail3@")) == {"Qqowner 3", "qqmail3@"}, "others stay"
    assert {(partner, old == new) for partner, old, new in report.lists} == {(KEY, False)}
    left.wait(days=1)
    send_workbook(left)
    assert "qqmail2@" in places_of(left.folder, PERSON)
    ran = left.run(lists=[KEY])
    assert any("a person who was erased" in note for one in ran.pulled.lists for note in one.notes)
    assert places_of(left.folder, PERSON) == {}
    assert said_by_the_crm(left.store, PERSON) == set()
    assert left.overlap(2, NAME)["Status__c"] == "Active"
    assert left.look().changes == ()


def test_nothing_that_people_hand_over_or_correct_brings_an_erased_person_back(left, tmp_path):
    listed_again(left)
    with left.context() as context:
        erase_person(context, ADDRESS)
    left.wait(days=1)
    send_csv(left)
    (sent,) = left.folder.glob(f"inbox/{KEY}-{left.now:%Y-%m-%d}.csv")
    handed = sent.rename(tmp_path / sent.name)
    with left.context() as context:
        report = import_list(context, KEY, handed, Wish(approve=True))
    assert (report.state, "a person who was erased" in report.notes[0]) == ("accepted", True)
    assert places_of(left.folder, PERSON) == {}
    bad = left.folder / str(report.quarantine)
    bad.write_text(bad.read_text("utf-8-sig").replace("Qqbadstatus", "Customer").replace("qqmail98@", "qqmail2@"))
    with left.context() as context:
        assert correct(context, KEY, bad, approve=True).report.state == "accepted"
    assert places_of(left.folder, PERSON) == {}


def test_a_list_that_was_sent_anew_meanwhile_is_not_cleaned_by_what_it_was(tmp_path):
    file = tmp_path / "list.csv"
    file.write_bytes(b"new")
    with pytest.raises(GuardError, match="written anew while a person was taken out of it"):
        stop_list.replace(file, name_of(b"old"), b"old, cleaned")
    assert file.read_bytes() == b"new"


def test_a_persons_erasure_that_was_killed_still_knows_the_names_and_what_went_out_with_them(left):
    listed_again(left)
    name, address = "Qqowner 97", "qqmail97@partner.example"  # of a row that matches nothing: only lists have it
    with left.context() as context:
        rows = [releases.row_text({"their_id": "ZYID-97", "note": address.upper()})]
        facts = ("0", "{}", 1, "0" * 64, "0" * 64, "xlsx", "shared/initech/packed.xlsx")
        releases.record(context.ledger, releases.Release(0, "initech", 1, context.now, "ada", *facts), rows)
        plain = context.workspace.shared / "initech" / "plain.csv"
        plain.parent.mkdir()
        plain.write_text(f"x,{address}")
        context.ledger.pin("org:former", "00D000000000077AAA")

        def die(step: str) -> None:
            if step == "erase: files are gone":
                raise KeyboardInterrupt

        steps.listen(die)
        try:
            with pytest.raises(KeyboardInterrupt):
                erase_person(context, address)
        finally:
            steps.listen(None)
        assert name not in repr([path.read_bytes() for path in context.workspace.lists.iterdir()])
        assert erasures.kept_names(context.ledger, "person", address) == {name}
        report = erase_person(context, address)
        assert report.released == ("shared/initech/packed.xlsx", "shared/initech/plain.csv")
        assert report.unreached == ("former",)
        assert erasures.kept_names(context.ledger, "person", address) == frozenset()
    plain.unlink()
    assert places_of(left.folder, (name, address)) == {}
