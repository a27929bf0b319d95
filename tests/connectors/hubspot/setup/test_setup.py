"""What a portal is brought to, by its tier: shown first, made once, and what an admin made of it is left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.hubspot.session import HubSpotSession
from connectors.hubspot.setup.difference import Action, Kinds, Step, compared
from connectors.hubspot.setup.making import make
from connectors.hubspot.setup.wanted import LEFT_OUT_FIRST, Wanted, properties
from overlap.errors import AccessError, ConfigError
from overlap.fields import BY_NAME, OBJECTS, held
from tests.connectors.hubspot.bench import Site, connected

WANTED = Wanted(("Globex", "Initech"))
LABELS = ["Sourced by", "Endorsed by", "Integration required", "Active in sale"]


@pytest.fixture
def session(hubspot: Site) -> Iterator[HubSpotSession]:
    with connected(hubspot) as connection:
        yield connection.session


def of(steps: list[Step], *actions: Action) -> list[str]:
    return [step.name for step in steps if step.action in actions]


def changes(session: HubSpotSession, wanted: Wanted = WANTED) -> list[str]:
    return of(compared(session, wanted), Action.CREATE, Action.CHANGE)


@pytest.mark.parametrize("api", ["2026-09", "2026-03", "v3"])
@pytest.mark.parametrize(
    ("tier", "own_objects", "labels"), [("free", 0, 0), ("professional", 0, 4), ("enterprise", 3, 0)]
)
def test_each_tier_gets_what_it_can_hold_on_every_family_of_paths(
    hubspot: Site, api: str, tier: str, own_objects: int, labels: int
) -> None:
    hubspot.portal.set_tier(tier)
    with connected(hubspot, api=api) as connection:
        made = compared(connection.session, WANTED)
        make(connection.session, made)
        sent = [one.path for one in hubspot.portal.requests() if one.method == "POST" and "/properties/" in one.path]
        assert [path.rpartition("/")[2] for path in sent] == ["groups", "create"] * 2, "all of an object in one call"
        assert changes(connection.session) == []
        assert len(connection.session.portal.type_ids) == own_objects
        assert list(connection.session.labels("deals", "companies").values()) == LABELS[:labels]
        assert {thing.name for thing in connection.holds} >= {"account", "opportunity"}
        for thing in connection.holds:
            if thing.key is not None:
                connection.sink.current(thing.name, [])
    assert sum(one.kind is Kinds.OBJECT for one in made) == own_objects


def test_looking_changes_nothing(hubspot: Site, session: HubSpotSession) -> None:
    before = hubspot.portal.history()
    assert len(changes(session)) == 31
    assert hubspot.portal.history() == before


def test_properties_say_whose_they_are_and_keys_are_unique(session: HubSpotSession) -> None:
    make(session, compared(session, WANTED))
    found = session.properties("companies")
    assert found["overlap_customer_of"]["groupName"] == "partner_overlap"
    assert [one["value"] for one in found["overlap_customer_of"]["options"]] == ["Globex", "Initech"]
    assert (found["overlap_icp_fit"]["label"], found["partner_engagement"]["label"]) == (
        "Overlap ICP fit",
        "Partner engagement",
    )
    assert "Yours to fill in" in found["partner_engagement"]["description"]
    unique = {thing.name: [one["name"] for one in properties(thing, ()) if one["hasUniqueValue"]] for thing in OBJECTS}
    assert unique == {
        "overlap_partner": ["partner_key"],
        "partner_overlap": ["overlap_key"],
        "partner_influence": ["influence_key"],
        "account": [],
        "opportunity": [],
    }


def test_a_new_partner_is_one_more_option_and_none_goes(session: HubSpotSession) -> None:
    make(session, compared(session, WANTED))
    other = Wanted(("Hooli", "Initech"))
    [step, *_] = [one for one in compared(session, other) if one.action is Action.CHANGE]
    assert (step.name, step.detail) == ("companies.overlap_customer_of", "options Hooli")
    make(session, compared(session, other))
    labels = [one["label"] for one in session.properties("companies")["overlap_customer_of"]["options"]]
    assert labels == ["Globex", "Initech", "Hooli"]
    assert changes(session, other) == []


def test_a_property_that_is_refused_is_named_and_the_others_are_made(session: HubSpotSession) -> None:
    steps = compared(session, WANTED)
    by_name = {one.name: one for one in steps}
    other = {**by_name["companies.overlap_icp_fit"].body, "groupName": "companyinformation"}
    session.send("POST", "properties", "companies", body=other)
    said = r"1 of 13 properties of companies were refused: OBJECT_ALREADY_EXISTS: .*'overlap_icp_fit'.*set up again"
    with pytest.raises(AccessError, match=said):
        make(session, steps)
    assert not [name for name in changes(session) if name.startswith("companies.")], "the next one goes on from there"


def test_what_an_admin_made_of_a_property_stays(session: HubSpotSession) -> None:
    make(session, compared(session, WANTED))
    theirs = {"label": "Partnerfit", "groupName": "companyinformation", "description": "Ask Ada"}
    session.send("PATCH", "property", "companies", "overlap_icp_fit", body=theirs)
    assert changes(session) == []


def test_what_stands_in_the_way_is_a_clash(hubspot: Site, session: HubSpotSession) -> None:
    make(session, compared(session, WANTED))
    hubspot.portal.archive_property("companies", "overlap_icp_tier")
    found = compared(session, WANTED)
    assert of(found, Action.CLASH) == ["companies.overlap_icp_tier"]
    [clash] = [one for one in found if one.action is Action.CLASH]
    assert "archived" in clash.detail


def test_a_property_that_takes_each_value_once_is_not_ours_unless_it_is_a_key(session: HubSpotSession) -> None:
    [ours] = [one for one in properties(BY_NAME["account"], ("Globex",)) if one["name"] == "overlap_best_reason"]
    theirs = {**ours, "groupName": "companyinformation", "hasUniqueValue": True}
    session.send("POST", "property batch", "companies", "create", body={"inputs": [theirs]})
    [clash] = [one for one in compared(session, WANTED) if one.action is Action.CLASH]
    assert (clash.name, "unique" in clash.detail) == ("companies.overlap_best_reason", True)


def test_too_little_room_leaves_out_in_the_order_that_is_told(hubspot: Site) -> None:
    hubspot.portal.set_tier("free")
    with connected(hubspot) as connection:
        found = compared(connection.session, WANTED)
    left_out = {name.partition(".")[2] for name in of(found, Action.LEAVE_OUT)}
    assert left_out == {*LEFT_OUT_FIRST["account"][:3], *LEFT_OUT_FIRST["opportunity"][:4]}


def test_the_order_names_every_flat_field_once() -> None:
    for thing in held(records=False):
        assert sorted(LEFT_OUT_FIRST[thing.name]) == sorted(one.name for one in thing.fields)


def test_a_setup_that_was_cut_short_goes_on_where_it_was(hubspot: Site) -> None:
    hubspot.portal.set_tier("enterprise")
    with connected(hubspot) as connection:
        steps = compared(connection.session, WANTED)
        own = [one for one in steps if one.kind is Kinds.OBJECT]
        make(connection.session, own[:2])
    with connected(hubspot) as connection:
        assert connection.session.portal.custom_objects
        make(connection.session, compared(connection.session, WANTED))
        assert changes(connection.session) == []
        assert set(connection.session.portal.type_ids) == {one.name for one in own}


def test_a_property_and_an_association_that_are_gone_are_made_again(enterprise: Site) -> None:
    with connected(enterprise) as connection:
        session = connection.session
        type_ids = session.portal.type_ids
        enterprise.portal.database.rows("delete from property where name = 'match_reason'")
        links = [type_ids["partner_overlap"], "0-2"]
        sql = (
            "delete from association_type where from_type in (?, ?) and to_type in (?, ?) and category = 'USER_DEFINED'"
        )
        enterprise.portal.database.rows(sql, (*links, *links))
        assert changes(session) == ["partner_overlap.match_reason", "partner_overlap.account"]
        enterprise.portal.database.rows(f"""alter table "{links[0]}" drop column "p_match_reason" """)
        make(session, compared(session, WANTED))
        assert changes(session) == []


def test_no_room_for_three_objects_or_four_labels_means_the_tier_below(hubspot: Site) -> None:
    hubspot.portal.set_tier("enterprise")
    with connected(hubspot) as connection:
        session = connection.session
        for number in range(8):
            body = {**_schema(f"theirs_{number}"), "labels": {"singular": "It", "plural": "They"}}
            session.send("POST", "schemas", body=body)
        session.look_again()
        assert not session.portal.custom_objects
        assert of(compared(session, WANTED), Action.CREATE)[-4:] == [f"deals.{label}" for label in LABELS]


def test_a_label_that_was_given_other_words_is_named_with_what_to_do(session: HubSpotSession) -> None:
    make(session, compared(session, WANTED))
    path = "labels", "deals", "companies"
    [type_id] = [one for one, words in session.labels(*path[1:]).items() if words == LABELS[0]]
    session.send("PUT", *path, body={"associationTypeId": type_id, "label": "Brought by"})
    with pytest.raises(AccessError, match=f"call it '{LABELS[0]}' again or delete it"):
        make(session, compared(session, WANTED))


def test_without_a_partner_no_list_can_be_made(session: HubSpotSession) -> None:
    with pytest.raises(ConfigError, match=r"no partner in the settings.*\[partners.KEY\]"):
        compared(session, Wanted(()))
    assert of(compared(session, Wanted((), flat_fields=False)), Action.CREATE) == [f"deals.{one}" for one in LABELS]


def test_a_key_that_may_not_set_up_says_which_scope_it_lacks(hubspot: Site, session: HubSpotSession) -> None:
    steps = compared(session, WANTED)
    hubspot.portal.set_scopes("crm.objects.companies.read", "crm.schemas.companies.read", "crm.objects.deals.read")
    with pytest.raises(AccessError, match=r"crm\.schemas\.companies\.write.*setting up properties and labels"):
        make(session, steps)


def test_only_people_and_the_engine_own_what_is_made() -> None:
    for thing in OBJECTS:
        names = {one["name"] for one in properties(thing, ("Globex",))}
        formulas = {one.name for one in BY_NAME[thing.name].fields if one.owner == "F"}
        assert not names & (formulas | {"owner_id", "hubspot_owner_id"})


def _schema(name: str) -> dict:
    return {
        "name": name,
        "primaryDisplayProperty": "title",
        "requiredProperties": [],
        "searchableProperties": [],
        "secondaryDisplayProperties": [],
        "associatedObjects": [],
        "allowsSensitiveProperties": False,
        "properties": [
            {"name": "title", "label": "Title", "type": "string", "fieldType": "text", "hasUniqueValue": False}
        ],
    }
