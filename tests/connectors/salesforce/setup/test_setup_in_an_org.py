"""Setting up an org over the network: what would change, what does, and what stays a person's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
import stamina

from connectors.salesforce.session import SalesforceSession
from connectors.salesforce.setup import source
from connectors.salesforce.setup.assignment import Assignment, assign, read_assignment, users
from connectors.salesforce.setup.component import Component
from connectors.salesforce.setup.difference import Action, Step, compared, differences, to_deploy
from connectors.salesforce.setup.fields import Wanted
from connectors.salesforce.setup.layout import change_layout, layout_change
from connectors.salesforce.setup.metadata_api import at_work, deploy, ended, retrieve
from connectors.salesforce.setup.wishes import more_to_read
from connectors.sandbox.store import Store
from overlap.errors import AccessError, ConfigError, TransientError
from overlap.fields import OVERLAP, PARTNER
from tests.connectors.salesforce.bench import connected
from tests.sandbox import Sandbox, running_sandbox

ME = "overlap@sandbox.example"
WANTED = Wanted(("Globex",))


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One running sandbox for all tests here: what a test changes of an org's set-up is put back."""
    folder = tmp_path_factory.mktemp("salesforce")
    with Store.open(folder) as store, running_sandbox(folder) as address:
        store.set_deployed(False)
        yield Sandbox(address, store, folder)


@pytest.fixture
def bare(org: Sandbox) -> Iterator[Sandbox]:
    kept = org.store.database.rows("select name, value from setting")
    yield org
    with org.store.database.transaction():
        org.store.database.rows("delete from setting")
        org.store.database.many("insert into setting values (?, ?)", kept)


@pytest.fixture
def session(bare: Sandbox) -> Iterator[SalesforceSession]:
    with connected(bare) as connection:
        yield connection.session


def set_up(session: SalesforceSession, wanted: Wanted = WANTED) -> None:
    assert deploy(session, source.package(source.components(wanted)), check_only=False).ok
    one = Assignment("Overlap_Integration", ME)
    assert assign(session, one, users(session, [one])[ME])


def actions(steps: list[Step]) -> set[str]:
    return {str(step.action) for step in steps}


def test_a_bare_org_gets_everything(session):
    _, steps = compared(session, WANTED)
    assert actions(steps) == {"create"}
    assert len(to_deploy(WANTED, steps)) == len(source.components(WANTED))


def test_a_rehearsal_changes_nothing(bare, session):
    done = deploy(session, source.package(source.components(WANTED)), check_only=True)
    assert done.ok
    assert done.components == len(source.components(WANTED))
    assert session.describe("Partner_Overlap__c") is None
    assert bare.store.database.setting("metadata") is None


def test_what_was_deployed_is_hidden_until_its_permission_set_is_assigned(session):
    assert deploy(session, source.package(source.components(WANTED)), check_only=False).ok
    assert session.describe("Partner_Overlap__c") is None
    assert "Overlap_Best_Play__c" not in session.describe("Account")
    wanted, steps = compared(session, WANTED)
    assert actions(steps) == {"hidden", "keep"}
    assert to_deploy(wanted, steps) == [], "deploying it again would take away values that an admin added"
    one = Assignment("Overlap_Integration", ME)
    assert assign(session, one, users(session, [one])[ME])
    assert session.describe("Partner_Overlap__c")["Play__c"]["updateable"]
    assert not session.describe("Partner_Overlap__c")["Feedback__c"]["updateable"]
    assert "Overlap_Best_Play__c" in session.describe("Account")


def test_the_integrations_set_is_all_that_reading_needs(bare):
    bare.store.set_rights(profile_shows=False)
    asked = {"account_fields": {"segment": "Site", "town": "ShippingCity"}, "read_leads": True}
    with connected(bare, **asked) as connection:
        assert connection.session.describe("Account") is None
        more = more_to_read(connection.wishes, connection.session.describe)
        set_up(connection.session, Wanted(("Globex",), more=more))
        assert [one for one in connection.check() if not one.ok and one.subject != "clock"] == []
        read = connection.source.outline().values()
        assert [any(said.startswith(field) for said in read) for field in ("Site", "ShippingCity")] == [True, True]
        assert connection.source.unreadable() == ()


def test_the_integration_may_put_back_whose_influence_on_a_won_deal_it_is(bare, session):
    set_up(session)
    account = bare.store.create("Account", {"Name": "Acme"})
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-31", "AccountId": account}
    partner = bare.store.create("Overlap_Partner__c", {"Name": "Globex", "Partner_Key__c": "p"})
    deal_id = bare.store.create("Opportunity", deal)
    influence = bare.store.create("Partner_Influence__c", {"Opportunity__c": deal_id, "Influence_Key__c": "k"})
    bare.store.edit("Opportunity", deal_id, {"StageName": "Closed Won"})
    session.patch(f"sobjects/Partner_Influence__c/{influence}", {"Partner__c": partner})
    found = bare.store.database.setting("metadata")
    del found["PermissionSet"]["Overlap_Integration"]["customPermissions"]
    bare.store.database.keep("metadata", found)
    with pytest.raises(AccessError, match="closed won"):
        session.patch(f"sobjects/Partner_Influence__c/{influence}", {"Partner__c": None})


def test_an_org_that_has_everything_is_left_alone(session):
    set_up(session)
    wanted, steps = compared(session, WANTED)
    assert actions(steps) == {"keep"}
    assert to_deploy(wanted, steps) == []


def test_a_user_who_may_not_look_at_setup_deploys_the_rest_once_more(bare, session):
    set_up(session)
    bare.store.set_rights(view_setup=False)
    _, steps = compared(session, WANTED)
    [step] = [step for step in steps if step.action is not Action.KEEP]
    assert step.action is Action.CHANGE
    said = "this user may not look at Setup: deployed once more; what was changed in them by hand is replaced"
    assert step.detail == said


def test_what_is_hidden_is_found_by_whoever_may_deploy_and_may_not_look_at_setup(bare, session):
    assert deploy(session, source.package(source.components(WANTED)), check_only=False).ok
    bare.store.set_rights(view_setup=False)
    wanted, steps = compared(session, WANTED)
    assert {str(step.action) for step in steps if step.kind == "CustomField"} == {"hidden"}
    assert not any(one.kind == "CustomField" for one in to_deploy(wanted, steps))


def test_a_new_partner_is_a_new_value_and_the_org_keeps_its_own(session):
    set_up(session, Wanted(("Globex", "Initech")))
    wanted, steps = compared(session, Wanted(("Umbrella",)))
    changed = {step.name: step.detail for step in steps if step.action is Action.CHANGE}
    assert set(changed.values()) == {"new values Umbrella"}
    assert "Account.Overlap_Customer_Of__c" in changed
    assert deploy(session, source.package(to_deploy(wanted, steps)), check_only=False).ok
    values = session.describe("Account")["Overlap_Customer_Of__c"]["picklistValues"]
    assert [value["value"] for value in values] == ["Globex", "Initech", "Umbrella"]


def test_what_an_admin_did_to_a_list_stays_when_the_field_is_deployed_again(bare, session):
    set_up(session)
    found = bare.store.database.setting("metadata")
    [value_set] = found["CustomField"]["Partner_Overlap__c.Feedback__c"]["valueSet"]
    listed = value_set["valueSetDefinition"][0]["value"]
    listed[0] |= {"label": ["The right one"], "default": ["true"]}
    listed[1]["isActive"] = ["false"]
    del listed[3]
    found["CustomField"]["Overlap_Partner__c.Feed_Status__c"]["valueSet"][0]["valueSetDefinition"][0]["value"][1][
        "isActive"
    ] = ["false"]
    bare.store.database.keep("metadata", found)
    wanted, steps = compared(session, WANTED)
    told = {step.name: (str(step.action), step.detail) for step in steps if step.detail}
    assert told == {
        "Partner_Overlap__c.Feedback__c": ("change", "new values Working it"),
        "Overlap_Partner__c.Feed_Status__c": (
            "keep",
            "Late is switched off: a record that is to say so will be refused",
        ),
    }
    assert deploy(session, source.package(to_deploy(wanted, steps)), check_only=False).ok
    shown = session.describe("Partner_Overlap__c")["Feedback__c"]["picklistValues"]
    assert [(one["value"], one["label"], one["defaultValue"]) for one in shown] == [
        ("Right company", "The right one", True),
        ("Not now", "Not now", False),
        ("Working it", "Working it", False),
    ]


def without_waits() -> AbstractContextManager[None]:
    """Tries as often as in earnest, and at once."""
    return stamina.set_testing(True, attempts=10)


def test_a_deployment_that_is_still_at_work_is_found_and_waited_for(bare, session):
    me = bare.store.api_user
    bare.store.set_faults([{"fault": "http", "path": "*/Soap/*", "nth": 2, "times": 99}])
    with (
        without_waits(),
        pytest.raises(TransientError, match=r"HTTP 503.*Job 0Af\w{15} goes on in the org.*--apply' again"),
    ):
        deploy(session, source.package(source.components(WANTED)), check_only=False)
    bare.store.set_faults([])
    [number] = at_work(session, me)
    assert actions(compared(session, WANTED)[1]) == {"create"}
    assert ended(session, number).ok
    assert at_work(session, me) == []
    assert actions(compared(session, WANTED)[1]) == {"hidden", "keep"}


def test_a_look_that_is_lost_is_taken_again(bare, session):
    bare.store.set_faults([{"fault": "lost-reply", "path": "*/Soap/*", "nth": 2, "times": 2}])
    with without_waits():
        assert deploy(session, source.package(source.components(WANTED)), check_only=True).ok
    assert [rule.reached for rule in bare.store.faults()] == [2]


FACTS = {
    "type": "string",
    "length": 64,
    "externalId": True,
    "unique": True,
    "nillable": False,
    "calculated": False,
}
KEYS = [
    ({}, None, ""),
    ({"type": "picklist"}, Action.CLASH, "the org has a picklist of this name"),
    ({"calculated": True}, Action.CLASH, "formula"),
    ({"length": 80}, Action.CLASH, "making it shorter"),
    ({"length": 40}, Action.CHANGE, "length 40 → 64"),
    ({"unique": False}, Action.CHANGE, "unique external id"),
    ({"nillable": True}, Action.CHANGE, "becomes required"),
]


@pytest.mark.parametrize(("other", "action", "detail"), KEYS)
def test_a_field_that_is_described_otherwise_is_changed_or_a_persons_to_settle(other, action, detail):
    found = differences(PARTNER, {"Partner_Key__c": {**FACTS, **other}})
    assert [step.action for step in found] == ([] if action is None else [action])
    assert all(detail in step.detail for step in found)


def test_a_lookup_to_another_object_is_a_clash():
    described = {"Account__c": {"type": "reference", "referenceTo": ["Contact"], "nillable": True}}
    [step] = differences(OVERLAP, described)
    assert (step.action, step.detail) == (Action.CLASH, "the org's points to Contact")


def test_each_component_that_the_org_refuses_is_named_with_its_reason(session):
    broken = [one for one in source.components(WANTED) if one.name != "Partner_Overlap__c.Play__c"]
    done = deploy(session, source.package(broken), check_only=False)
    assert not done.ok
    refused = {(one.kind, one.name): one.problem for one in done.failures}
    assert refused["PermissionSet", "Overlap_Reader"].endswith("no CustomField named Partner_Overlap__c.Play__c found")
    assert ("ListView", "Partner_Overlap__c.My_Overlaps_By_Priority") in refused
    assert session.describe("Partner_Overlap__c") is None, "all or nothing"


def test_a_user_who_may_not_deploy_is_told_who_may(bare, session):
    bare.store.set_rights(may_deploy=False)
    with pytest.raises(AccessError, match=r"ModifyMetadata permissions; deploy as an admin: .*--write DIR"):
        deploy(session, source.package(source.components(WANTED)), check_only=True)


def test_an_expired_session_is_renewed_in_the_middle_of_a_deployment(bare, session):
    bare.store.expire_tokens()
    assert deploy(session, source.package(source.components(WANTED)), check_only=True).ok


def test_a_session_that_cannot_be_renewed_ends_in_one_sentence(bare, session):
    bare.store.expire_tokens()
    bare.store.set_credentials_valid(False)
    with pytest.raises(AccessError, match="sign-in refused"):
        deploy(session, source.package(source.components(WANTED)), check_only=True)


def test_values_that_look_like_xml_survive(session):
    name = 'R&D <"Über">'
    set_up(session, Wanted((name,)))
    values = session.describe("Account")["Overlap_Customer_Of__c"]["picklistValues"]
    assert [value["value"] for value in values] == [name]


def test_assigning_twice_keeps_the_first(session):
    set_up(session)
    one = Assignment("Overlap_Integration", ME)
    assert not assign(session, one, users(session, [one])[ME])


def test_nobody_is_assigned_who_does_not_exist(session):
    with pytest.raises(ConfigError, match=r"no active user 'nobody@acme\.example'"):
        users(session, [Assignment("Overlap_Reader", "nobody@acme.example")])


def test_a_permission_set_that_is_not_deployed_says_to_deploy_it(session):
    one = Assignment("Overlap_Reader", ME)
    with pytest.raises(AccessError, match=r"there is no permission set Overlap_Reader; deploy it with --apply"):
        assign(session, one, users(session, [one])[ME])


ASSIGNMENTS = [
    ("anna@acme.example", Assignment("Overlap_Integration", "anna@acme.example")),
    ("reader=anna@acme.example", Assignment("Overlap_Reader", "anna@acme.example")),
    ("editor=anna@acme.example", Assignment("Overlap_Influence_Editor", "anna@acme.example")),
]


@pytest.mark.parametrize(("text", "assignment"), ASSIGNMENTS)
def test_an_assignment_names_a_set_and_a_user(text, assignment):
    assert read_assignment(text) == assignment


@pytest.mark.parametrize("text", ["boss=anna@acme.example", "reader="])
def test_an_assignment_that_says_too_little_is_refused(text):
    with pytest.raises(ConfigError, match="reader"):
        read_assignment(text)


def test_a_layout_gets_our_section_and_keeps_the_rest(session):
    set_up(session)
    change = layout_change(session, "Account-Account Layout")
    lines = [line for line in change.difference[2:] if line.startswith(("+", "-"))]
    assert lines
    assert all(line.startswith("+") for line in lines), "nothing of the org's is taken away"
    assert change_layout(session, change).ok
    again = layout_change(session, "Account-Account Layout")
    assert again.before == again.after
    shown = retrieve(session, "Layout", "Account-Account Layout").decode()
    assert shown.count("<field>Overlap_Best_Play__c</field>") == 1
    assert "<field>Website</field>" in shown


def test_a_field_that_somebody_has_put_on_the_layout_stays_where_it_is(session, bare):
    set_up(session)
    change = layout_change(session, "Opportunity-Opportunity Layout")
    moved = change.before.replace("<field>Amount</field>", "<field>Overlap_Best_Play__c</field>")
    bare.store.database.keep("layouts", {"Opportunity-Opportunity Layout": moved})
    change = layout_change(session, "Opportunity-Opportunity Layout")
    assert change.after.count("<field>Overlap_Best_Play__c</field>") == 1
    assert change_layout(session, change).ok


def test_a_layout_in_an_org_without_our_fields_is_refused_by_the_org(session):
    done = change_layout(session, layout_change(session, "Account-Account Layout"))
    assert "no CustomField named Account.Overlap_Partner_Count__c found" in done.failures[0].problem


def test_a_dot_in_a_layouts_name_is_encoded(session, bare):
    set_up(session)
    plain = layout_change(session, "Account-Account Layout").before
    bare.store.database.keep("layouts", {"Account-Sales v1%2E0 %28new%29": plain})
    for name in ("Account-Sales v1.0 (new)", "Account-Sales v1%2E0 %28new%29"):
        change = layout_change(session, name)
        assert change.name == "Account-Sales v1%2E0 %28new%29"
    assert change_layout(session, change).ok


@pytest.mark.parametrize("name", ["Account-No Such Layout", "Contact-Contact Layout", "Layout (Sales & Ops)"])
def test_a_layout_that_is_not_there_is_named(session, name):
    with pytest.raises(ConfigError, match="Account-Account Layout"):
        layout_change(session, name)


def test_only_what_differs_is_deployed():
    step = Step(Action.CREATE, "CustomField", "Account.Overlap_Best_Play__c")
    keep = Step(Action.KEEP, "CustomObject", "Partner_Overlap__c")
    [one] = to_deploy(WANTED, [step, keep])
    assert isinstance(one, Component)
    assert one.name == "Account.Overlap_Best_Play__c"
