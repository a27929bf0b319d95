from __future__ import annotations

from connectors.hubspot.scopes import REQUIRED
from overlap.fields import ACCOUNT, OPPORTUNITY
from tests.connectors.hubspot.bench import Site, connected
from tests.connectors.hubspot.schemas import make_flat_fields, make_schemas


def bad(hubspot: Site, flat_fields: bool = True) -> dict[str, tuple[str, str]]:
    with connected(hubspot) as connection:
        connection.flat_fields = flat_fields
        found = connection.check()
    assert all(finding.remedy for finding in found if not finding.ok)
    return {one.subject: (one.detail, one.remedy) for one in found if not one.ok and one.subject != "clock"}


def test_a_portal_that_is_set_up_has_only_good_findings(hubspot) -> None:
    hubspot.portal.set_tier("enterprise")
    with connected(hubspot) as connection:
        make_schemas(connection.session)
        make_flat_fields(connection.session)
    before = hubspot.portal.history()
    assert bad(hubspot) == {}
    assert hubspot.portal.history() == before


def test_the_first_line_says_where_we_are_and_what_can_be_done_there(hubspot) -> None:
    with connected(hubspot) as connection:
        found = connection.check()
    said = found[0].detail
    assert "off: they need HubSpot Enterprise, and the scope crm.schemas.custom.read" in {one.detail for one in found}
    assert said.startswith(f"signed in to portal {hubspot.address.portal_id} (developer test account, EUR")
    assert said.endswith("Professional: flat properties and labels; API 2026-09)")


def test_what_there_is_room_for_is_told(hubspot) -> None:
    hubspot.portal.set_tier("enterprise")
    with connected(hubspot) as connection:
        make_flat_fields(connection.session)
        [said] = [one.detail for one in connection.check() if one.subject == "limits"]
    companies, deals = 1_000 - len(ACCOUNT.fields), 1_000 - len(OPPORTUNITY.fields)
    assert said == (
        f"left: {companies} of 1,000 custom properties of companies; {deals} of 1,000 custom properties of deals; "
        "10 of 10 custom objects"
    )


def test_a_missing_scope_is_told_by_its_feature(hubspot) -> None:
    hubspot.portal.set_scopes(*(scope for scope in REQUIRED if scope != "crm.objects.deals.write"))
    found = bad(hubspot, flat_fields=False)
    assert found == {
        "writing overlaps on companies and deals": (
            "scope crm.objects.deals.write missing",
            "add what is missing to the key or app in HubSpot",
        )
    }


def test_flat_fields_are_missed_only_where_they_are_wanted(hubspot) -> None:
    assert set(bad(hubspot)) == {"companies", "deals"}
    assert bad(hubspot, flat_fields=False) == {}


def test_a_property_of_ours_that_is_gone_is_named(hubspot) -> None:
    with connected(hubspot) as connection:
        make_flat_fields(connection.session)
    hubspot.portal.archive_property("companies", ACCOUNT.fields[0].name)
    assert OPPORTUNITY.fields[0].name == ACCOUNT.fields[0].name
    [(subject, (_, remedy))] = bad(hubspot).items()
    assert subject == f"companies.{ACCOUNT.fields[0].name}"
    assert "overlap setup hubspot" in remedy
