"""What is deployed, against Salesforce's own schema and against what was agreed about our fields."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from lxml import etree

from connectors.salesforce.columns import Wishes
from connectors.salesforce.setup import source
from connectors.salesforce.setup.fields import Wanted
from connectors.salesforce.setup.wishes import more_to_read
from tests.connectors.salesforce.setup.metadata_checks import SOURCE, problems, schema

WANTED = Wanted(("Globex & Söhne", "Initech <EMEA>"))
NS = "{http://soap.sforce.com/2006/04/metadata}"
#: People's own, copied by hand from the description of our objects.
HUMAN = {
    *("Overlap_Partner__c.Partner_Manager__c", "Overlap_Partner__c.Tier__c"),
    *("Partner_Overlap__c.Feedback__c", "Partner_Overlap__c.Feedback_Note__c"),
    *(f"Partner_Influence__c.{name}__c" for name in ("Status", "Influence_Type", "Involvement", "Sourced")),
    *(f"Partner_Influence__c.{name}__c" for name in ("Influenced_On", "Evidence", "Rejection_Reason")),
    *("Account.Partner_Engagement__c", "Opportunity.Partner_Engagement__c"),
}
STAMPED = {f"Partner_Influence__c.{name}__c" for name in ("Confirmed_By", "Confirmed_On", "Stage_At_Confirmation")}
FORMULAS = {f"Partner_Overlap__c.{name}__c" for name in ("Partner_Name", "As_Of", "Freshness")}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return source.files(source.components(WANTED))


def field(files: dict[str, bytes], name: str) -> dict[str, str]:
    owner, _, own = name.partition(".")
    tree = etree.fromstring(files[f"{SOURCE}objects/{owner}/fields/{own}.field-meta.xml"])
    return {child.tag.removeprefix(NS): child.text for child in tree if not len(child)}


def permissions(files: dict[str, bytes], name: str) -> dict[str, bool]:
    """The fields that a permission set names: may they be edited?"""
    tree = etree.fromstring(files[f"{SOURCE}permissionsets/{name}.permissionset-meta.xml"])
    return {
        one.findtext(f"{NS}field"): one.findtext(f"{NS}editable") == "true"
        for one in tree.iterfind(f"{NS}fieldPermissions")
    }


def rights(files: dict[str, bytes], name: str) -> dict[str, set[str]]:
    tree = etree.fromstring(files[f"{SOURCE}permissionsets/{name}.permissionset-meta.xml"])
    return {
        one.findtext(f"{NS}object"): {child.tag.removeprefix(NS) for child in one if child.text == "true"}
        for one in tree.iterfind(f"{NS}objectPermissions")
    }


def test_salesforces_schema_and_our_rules_find_nothing_wrong(files):
    assert problems(files) == []
    assert len(files) == 104


def test_every_file_of_a_package_fits_salesforces_schema():
    with zipfile.ZipFile(io.BytesIO(source.package(source.components(WANTED)))) as archive:
        assert "package.xml" in archive.namelist()
        for name in archive.namelist():
            schema().assertValid(etree.fromstring(archive.read(name)))


FIELD = "objects/Partner_Influence__c/fields/Status__c.field-meta.xml"
INTEGRATION = "permissionsets/Overlap_Integration.permissionset-meta.xml"
RULE = "objects/Partner_Influence__c/validationRules/Sourced_Needs_Confirmed.validationRule-meta.xml"
FORMULA = "objects/Partner_Overlap__c/fields/As_Of__c.field-meta.xml"
LIST = "objects/Partner_Overlap__c/listViews/My_Overlaps_By_Priority.listView-meta.xml"
FLOW = "flows/Stamp_Influence_Confirmation.flow-meta.xml"
REPORT = "reports/Overlap/Influence_By_Type.report-meta.xml"
KEY = "objects/Partner_Overlap__c/fields/Overlap_Key__c.field-meta.xml"
BROKEN = {
    "a tag": (FIELD, "<restricted>", "<restrict>", "</restricted>", "</restrict>"),
    "an enum": (FIELD, "<type>Picklist</type>", "<type>Pickliste</type>"),
    "an order": (
        FIELD,
        "<label>Status</label>\n    <required>false</required>",
        "<required>false</required><label>S</label>",
    ),
    "a name": (FIELD, "<fullName>Status__c</fullName>", "<fullName>State__c</fullName>"),
    "a permission on a required field": (
        INTEGRATION,
        "Partner_Overlap__c.Play__c",
        "Partner_Overlap__c.Overlap_Key__c",
    ),
    "a permission on a field that is not there": (INTEGRATION, "Partner_Overlap__c.Play__c", "Partner_Overlap__c.P__c"),
    "a permission on an object that is not there": (INTEGRATION, "<object>Partner_Overlap__c<", "<object>Overlap__c<"),
    "a field in a rule": (RULE, "Sourced__c", "Source__c"),
    "a parent's field in a formula": (FORMULA, "Partner__r.List_As_Of__c", "Partner__r.As_Of__c"),
    "a column of a list view": (LIST, "Play__c", "Plays__c"),
    "a field in the flow": (FLOW, "$Record.Confirmed_On__c", "$Record.Confirmed__c"),
    "a report type": (REPORT, "Influence_Report__c", "Influences__c"),
    "a column of a report": (REPORT, "Partner_Influence__c$Sourced__c", "Partner_Influence__c$Source__c"),
    "a lookup's object": (
        "objects/Partner_Overlap__c/fields/Partner__c.field-meta.xml",
        "<referenceTo>Overlap_Partner__c<",
        "<referenceTo>Partner__c<",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_one_thing_broken_is_found(files, what):
    path, *changes = BROKEN[what]
    text = files[SOURCE + path].decode()
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    found = problems({**files, SOURCE + path: text.encode()})
    assert any(path.rpartition("/")[2] in one for one in found), found


def test_the_same_input_gives_the_same_bytes():
    first, second = source.components(WANTED), source.components(WANTED)
    assert source.files(first) == source.files(second)
    assert source.package(first) == source.package(second)


def test_the_fingerprint_changes_with_everything_but_fields():
    assert source.fingerprint(WANTED) == source.fingerprint(Wanted())
    assert source.fingerprint(WANTED) != source.fingerprint(Wanted(flat_fields=False))


def test_keys_are_unique_external_ids_and_only_the_engines_own_are_required(files):
    key = {"externalId": "true", "unique": "true", "length": "64", "type": "Text"}
    for name in ("Overlap_Partner__c.Partner_Key__c", "Partner_Overlap__c.Overlap_Key__c"):
        assert (key | {"required": "true"}).items() <= field(files, name).items()
    assert (key | {"required": "false"}).items() <= field(files, "Partner_Influence__c.Influence_Key__c").items()
    required = [path for path, content in files.items() if b"<required>true" in content]
    assert len(required) == 2


def test_a_lookup_lets_go_when_its_parent_is_deleted(files):
    lookups = [content for path, content in files.items() if "/fields/" in path and b">Lookup<" in content]
    assert len(lookups) == 9
    assert all(b"<deleteConstraint>SetNull<" in content for content in lookups)


def test_shapes_are_those_of_the_table(files):
    probability = field(files, "Partner_Overlap__c.Match_Probability__c")
    assert (probability["precision"], probability["scale"]) == ("4", "3")
    assert field(files, "Partner_Overlap__c.Freshness__c")["formula"].startswith(
        "IF(ISPICKVAL(Partner__r.Feed_Status__c"
    )
    assert field(files, "Partner_Influence__c.Sourced__c")["defaultValue"] == "false"
    assert field(files, "Partner_Influence__c.Evidence__c")["length"] == "32768"
    assert {name: field(files, name).get("formula") is not None for name in FORMULAS | STAMPED} == {
        **dict.fromkeys(FORMULAS, True),
        **dict.fromkeys(STAMPED, False),
    }


def test_partners_are_the_values_of_open_lists_and_an_org_without_partners_has_one_value(files):
    path = f"{SOURCE}objects/Account/fields/Overlap_Customer_Of__c.field-meta.xml"
    values = "{*}valueSet/{*}valueSetDefinition/{*}value/{*}label"
    assert [one.text for one in etree.fromstring(files[path]).iterfind(values)] == list(WANTED.partners)
    assert b"<restricted>false<" in files[path]
    alone = source.files(source.components(Wanted()))[path]
    assert len(list(etree.fromstring(alone).iterfind(values))) == 1


def test_the_integration_edits_the_engines_fields_and_none_of_peoples(files):
    granted = permissions(files, "Overlap_Integration")
    edited = {name for name, editable in granted.items() if editable}
    ours = {name for name in granted if name.endswith("__c")}
    assert edited == ours - HUMAN - STAMPED - FORMULAS
    assert ours >= HUMAN | STAMPED | FORMULAS


def test_the_integration_reads_what_is_pulled_and_deletes_no_account(files):
    granted = permissions(files, "Overlap_Integration")
    assert {name for name in granted if not name.endswith("__c")} == {
        *("Account.Website", "Account.Phone", "Account.BillingAddress", "Account.Industry", "Account.ParentId"),
        *("Account.NumberOfEmployees", "Account.AnnualRevenue", "Account.Type"),
        *("Opportunity.AccountId", "Opportunity.Type", "Opportunity.Amount"),
    }
    for name in ("Account", "Opportunity"):
        assert rights(files, "Overlap_Integration")[name] == {"allowRead", "allowEdit", "viewAllRecords"}


#: Paths that settings may name, and what of them a permission set must show; a required field is shown to everybody.
WISHES = Wishes(
    account_fields={"segment": "Segment__c", "website": "Site", "city": "ShippingCity", "who": "Owner.Department"},
    opportunity_fields={
        "region": "Owner.Region__c",
        "stage": "StageName",
        "parent": "Account.Parent.Tier__c",
        "contract": "Contract__r.Status__c",
        "mail": "Account.Email__pc",
    },
    read_leads=True,
)
CONTRACT = {"Contract__c": {"referenceTo": ["Contract__c"], "relationshipName": "Contract__r", "permissionable": True}}


def test_what_the_settings_read_beside_is_shown_to_the_integration_and_to_nobody_else():
    described = {"Opportunity": CONTRACT, "Contract__c": {"Status__c": {"permissionable": False}}}
    wanted = Wanted(more=more_to_read(WISHES, described.get))
    files, plain = source.files(source.components(wanted)), source.files(source.components(Wanted()))
    new = permissions(files, "Overlap_Integration").keys() - permissions(plain, "Overlap_Integration").keys()
    assert new == {
        *("Account.Segment__c", "Account.Site", "Account.ShippingAddress", "Account.Tier__c"),
        *("User.Region__c", "Opportunity.Contract__c"),
        *(f"Lead.{name}" for name in ("Website", "Phone", "Address", "Industry", "NumberOfEmployees", "AnnualRevenue")),
    }
    assert not any(permissions(files, "Overlap_Integration")[name] for name in new), "read, never edited"
    for name in ("Lead", "Contract__c"):
        assert rights(files, "Overlap_Integration")[name] == {"allowRead", "viewAllRecords"}
    assert "User" not in rights(files, "Overlap_Integration")
    for name in ("Overlap_Reader", "Overlap_Influence_Editor"):
        path = f"{SOURCE}permissionsets/{name}.permissionset-meta.xml"
        assert files[path] == plain[path]


def test_without_an_org_to_ask_a_lookup_of_its_own_is_shown_and_not_what_it_leads_to():
    more = more_to_read(WISHES, lambda _: None)
    assert "Contract__c" not in more
    assert "Contract__c" in more["Opportunity"]


def test_leads_are_not_shown_unless_they_are_read(files):
    assert "Lead" not in rights(files, "Overlap_Integration")


def test_the_reader_changes_nothing_and_sees_every_record(files):
    assert not any(permissions(files, "Overlap_Reader").values())
    assert all(granted == {"allowRead", "viewAllRecords"} for granted in rights(files, "Overlap_Reader").values())


def test_nobody_sees_or_edits_others_records_without_a_permission_set(files):
    for name, model in (("Overlap_Partner", "Read"), ("Partner_Overlap", "Private"), ("Partner_Influence", "Private")):
        tree = etree.fromstring(files[f"{SOURCE}objects/{name}__c/{name}__c.object-meta.xml"])
        assert (tree.findtext(f"{NS}sharingModel"), tree.findtext(f"{NS}externalSharingModel")) == (model, "Private")


def test_only_partner_managers_edit_what_others_own_and_by_themselves_no_field(files):
    every = {"allowRead", "allowEdit", "allowDelete", "viewAllRecords", "modifyAllRecords"}
    assert permissions(files, "Overlap_Partner_Manager") == {}
    found = rights(files, "Overlap_Partner_Manager")
    assert found == dict.fromkeys(("Overlap_Partner__c", "Partner_Overlap__c", "Partner_Influence__c"), every)
    assert not any("modifyAllRecords" in granted for granted in rights(files, "Overlap_Influence_Editor").values())


def test_the_editor_edits_peoples_fields_and_fills_in_a_new_influence(files):
    edited = {name for name, editable in permissions(files, "Overlap_Influence_Editor").items() if editable}
    assert edited == HUMAN | {"Partner_Influence__c.Opportunity__c", "Partner_Influence__c.Partner__c"}
    assert rights(files, "Overlap_Influence_Editor")["Partner_Influence__c"] == {
        "allowRead",
        "allowCreate",
        "allowEdit",
    }


def test_only_the_integration_may_touch_what_a_won_deal_settled_and_none_of_peoples_fields(files):
    holders = [
        path for path, content in files.items() if "permissionsets/" in path and b"<customPermissions>" in content
    ]
    assert holders == [SOURCE + INTEGRATION]


def test_the_rule_on_won_deals_watches_all_that_makes_up_the_credit(files):
    rule = files[f"{SOURCE}objects/Partner_Influence__c/validationRules/Closed_Won_Is_Settled.validationRule-meta.xml"]
    credit = HUMAN & {
        f"Partner_Influence__c.{name}__c" for name in ("Status", "Influence_Type", "Involvement", "Sourced")
    }
    watched = {name.partition(".")[2] for name in credit} | {"Influenced_On__c", "Partner__c", "Opportunity__c"}
    assert {name.decode() for name in re.findall(rb"ISCHANGED\((\w+)\)", rule)} == watched


def test_a_workspace_without_flat_fields_puts_none_on_accounts():
    files = source.files(source.components(Wanted(flat_fields=False)))
    assert problems(files) == []
    assert not any("objects/Account" in path or "objects/Opportunity" in path for path in files)
    assert rights(files, "Overlap_Integration")["Account"] == {"allowRead", "viewAllRecords"}


def test_writing_leaves_a_project_that_is_there_as_it_is(tmp_path):
    (tmp_path / "sfdx-project.json").write_text("{}")
    assert tmp_path / "sfdx-project.json" not in source.write(source.components(Wanted()), tmp_path)
    assert (tmp_path / "sfdx-project.json").read_text() == "{}"


def test_writing_leaves_other_files_alone(tmp_path):
    other = tmp_path / "force-app" / "mine.txt"
    other.parent.mkdir()
    other.write_text("mine")
    written = source.write(source.components(Wanted()), tmp_path)
    assert other.read_text() == "mine"
    assert (tmp_path / "sfdx-project.json") in written
    assert all(path.is_file() for path in written)
