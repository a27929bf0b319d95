"""A CRM that does not let us in, or does not answer: one sentence, nothing written, the last run still in force."""

from __future__ import annotations

import socket

import pytest

from tests.jobs.cli.terminal import Desk
from tests.jobs.world import api_writes, listed

KEY = 'consumer_key = "file:consumer_key"'


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("env:NO_SUCH_KEY", "the environment has no NO_SUCH_KEY; set it and try again"),
        ("file:not-there", "not-there is missing or empty"),
        ("cmd:false", "the command ended with exit code 1"),
        ("cmd:true", "the command printed nothing"),
        ("cmd:no-such-program --vault", "the command did not run: FileNotFoundError"),
    ],
)
def test_a_secret_that_is_not_there_is_named_by_its_reference(desk: Desk, reference, says):
    desk.set_up(KEY, f'consumer_key = "{reference}"')
    with desk.keeps_everything():
        said = desk.overlap("run")
    assert said.code == 2
    assert f"secret '{reference.replace('--vault', '...')}'" in said.error
    assert says in said.error


def test_a_secret_written_into_the_settings_is_never_repeated(desk: Desk):
    desk.set_up(KEY, 'consumer_key = "hunter2"')
    said = desk.overlap("pull")
    assert said.code == 2
    assert "overlap.toml: crm.salesforce.consumer_key: write where the secret is" in said.error
    assert "hunter2" not in said.out + said.err


def test_refused_credentials_name_the_settings_to_look_at(desk: Desk):
    desk.store.set_credentials_valid(False)
    with desk.keeps_everything():
        said = desk.overlap("run")
    assert said.code == 3
    assert "salesforce 'salesforce': sign-in refused: invalid_client" in said.error
    assert "check login_url (My Domain), consumer_key and consumer_secret, then run 'overlap check'" in said.error


def test_check_shows_refused_credentials_as_a_finding(desk: Desk):
    desk.store.set_credentials_valid(False)
    said = desk.overlap("check")
    assert said.code == 3
    assert "✗ crm" in said.out
    assert "sign-in refused" in said.out
    assert "1 of 4 need you." in said.out


def test_an_expired_session_is_renewed_in_the_middle_of_a_run(fresh: Desk, at_each_step):
    at_each_step(lambda _: fresh.store.expire_tokens())
    assert fresh.overlap("run", "--approve").code == 0
    assert len(fresh.store.records("Partner_Overlap__c")) == 8


def test_a_session_that_cannot_be_renewed_stops_the_writing_and_nothing_is_written_twice(fresh: Desk, at_each_step):
    def revoke(step: str) -> None:
        if step == "partner_overlap: marked sent":
            fresh.store.set_credentials_valid(False)
            fresh.store.expire_tokens()

    for verb in ("pull", "match", "plan"):
        assert fresh.overlap(verb).code == 0
    at_each_step(revoke)
    said = fresh.overlap("apply", "1", "--approve")
    assert said.code == 3
    assert "sign-in refused" in said.error
    at_each_step(None)
    fresh.store.set_credentials_valid(True)
    status = fresh.overlap("status")
    assert "plan 1 was cut short" in status.out
    assert "next: overlap apply 1" in status.out
    assert fresh.overlap("apply", "1", "--yes").code == 0
    made = [change.id for change in api_writes(fresh.store) if change.operation == "create"]
    assert len(made) == len(set(made)) == 2 + 8  # partners and overlaps


def test_a_host_that_refuses_connections_is_named(desk: Desk):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"https://localhost:{free.getsockname()[1]}"
    login = next(line for line in (desk.folder / "overlap.toml").read_text().splitlines() if "login_url" in line)
    desk.set_up(login, f'login_url = "{url}"')
    with desk.keeps_everything():
        said = desk.overlap("run")
    assert said.code == 3
    assert f"cannot reach {url}" in said.error
    assert "check login_url and the network, then run 'overlap check'" in said.error


def test_a_crm_that_is_down_says_to_try_again_later(desk: Desk):
    desk.store.set_down(True)
    before = desk.in_force()
    said = desk.overlap("run")
    desk.store.set_down(False)
    assert said.code == 3
    assert said.error == "salesforce 'salesforce': sign-in answers HTTP 503; try again later"
    assert desk.in_force() == before


def test_a_field_hidden_by_field_level_security_is_named_with_both_remedies(desk: Desk):
    desk.store.hide_field("Opportunity", "StageName")
    with desk.keeps_everything():
        said = desk.overlap("run")
    assert said.code == 3
    assert "field StageName of Opportunity is missing or hidden" in said.error
    assert "deploy overlap's objects and fields, or assign its permission set to the integration user" in said.error


def test_a_field_that_was_readable_and_is_hidden_now_stops_the_pull_until_a_person_accepts(desk: Desk):
    desk.pull()
    desk.store.hide_field("Account", "Website")
    with desk.keeps_everything():
        said = desk.overlap("pull")
    assert said.code == 3
    assert "Account.Website could be read before and is missing or hidden now" in said.error
    assert "overlap pull --full" in said.error
    accepted = desk.overlap("pull", "--full")
    assert accepted.code == 0
    assert "missing or hidden, left empty: Account.Website" in accepted.out
    assert desk.overlap("pull").code == 0, "accepted once, it is no surprise any more"


def test_check_names_every_field_that_matching_would_miss(desk: Desk):
    desk.store.hide_field("Account", "Website")
    desk.store.hide_field("Account", "BillingCountry")
    said = desk.overlap("check")
    assert said.code == 3
    for field in ("Website", "BillingCountry"):
        assert f"✗ Account.{field} the field is missing or hidden" in said.out
    assert said.out.count("→ give the integration user access to it") == 2


def test_a_hidden_field_of_ours_stops_the_plan_before_anything_is_written(desk: Desk):
    desk.store.hide_field("Partner_Overlap__c", "Priority__c")
    with desk.keeps_everything():
        said = desk.overlap("run")
    assert said.code == 3
    assert "Priority__c" in said.error
    assert "assign its permission set to the integration user" in said.error


def test_an_org_without_our_objects_says_to_deploy_them(desk: Desk):
    desk.store.set_deployed(False)
    with desk.keeps_everything():
        said = desk.overlap("run")
    assert said.code == 3
    assert "deploy overlap's objects and fields" in said.error
    check = desk.overlap("check")
    assert check.code == 3
    assert "✗ Partner_Overlap__c the object is missing or hidden" in check.out


def test_another_org_under_the_same_address_is_refused(desk: Desk):
    ours = desk.store.org_id
    desk.store.set_org_id("00D000000000099AAA")
    with desk.keeps_everything():
        said = desk.overlap("run")
    assert said.code == 3
    assert f"is org 00D000000000099AAA, but this workspace belongs to org {ours}" in said.error
    assert "Correct login_url or the token, or make another workspace" in said.error


def test_a_plan_is_not_applied_to_another_org(desk: Desk):
    desk.world.send("globex", listed(0, 1, 2, 3, 4, 5, 6))
    for verb in ("pull", "match", "plan"):
        assert desk.overlap(verb).code == 0
    desk.store.set_org_id("00D000000000099AAA")
    with desk.keeps_everything():
        assert desk.overlap("apply", "latest", "--approve", "--yes").code == 3


def test_used_up_api_calls_say_to_wait(desk: Desk):
    desk.store.set_limit_used(100_000)
    with desk.keeps_everything():
        said = desk.overlap("pull")
    assert said.code == 3
    assert "the day's API calls are used up: wait" in said.error


def test_a_record_that_a_person_deleted_since_the_plan_is_reported_and_the_others_are_written(desk: Desk):
    desk.world.send("globex", listed(0, 1, 2, 3, 4, 5, Website="new.example"))
    for verb in ("pull", "match", "plan"):
        assert desk.overlap(verb).code == 0
    desk.store.delete("Partner_Overlap__c", desk.world.overlap(3)["Id"])
    said = desk.overlap("apply", "latest", "--approve")
    assert said.code == 5
    assert "conflict Globex: Dogwood Ceramics: the record is gone from the CRM" in said.err
    assert desk.world.overlap(4)["Partner_Record_Website__c"] == "new.example"
