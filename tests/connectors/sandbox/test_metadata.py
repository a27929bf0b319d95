"""The sandbox's Metadata API as the real client sees it, and what Salesforce would refuse of a package."""

from __future__ import annotations

import io
import zipfile

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceGeneralError, SalesforceMalformedRequest

from connectors.sandbox import package_checks, packages

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
NOTE = (
    "<deploymentStatus>Deployed</deploymentStatus><label>Note</label><nameField><label>Name</label><type>Text</type>"
    "</nameField><pluralLabel>Notes</pluralLabel><sharingModel>ReadWrite</sharingModel>"
)
TEXT = "<fields><fullName>Words__c</fullName><label>Words</label><length>20</length><type>Text</type></fields>"


def package(files: dict[str, str], **members: str) -> bytes:
    listed = "".join(f"<types><members>{name}</members><name>{kind}</name></types>" for kind, name in members.items())
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("package.xml", f"{HEAD}<Package {NS}>{listed}<version>62.0</version></Package>")
        for path, text in files.items():
            archive.writestr(path, HEAD + text)
    return target.getvalue()


def note(fields: str = TEXT) -> dict[str, str]:
    return {"objects/Note__c.object": f"<CustomObject {NS}>{fields}{NOTE}</CustomObject>"}


def granting(*parts: str) -> dict[str, str]:
    text = f"<PermissionSet {NS}>{''.join(parts)}<label>Writer</label></PermissionSet>"
    return {"permissionsets/Writer.permissionset": text}


def field_permission(name: str) -> str:
    return f"<fieldPermissions><editable>true</editable><field>{name}</field></fieldPermissions>"


GOOD = package(
    {**note(), **granting(field_permission("Note__c.Words__c"))},
    CustomObject="Note__c",
    CustomField="Note__c.Words__c",
    PermissionSet="Writer",
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_real_client_deploys_and_asks_how_it_ended(client: Salesforce):
    number = client.deploy(io.BytesIO(GOOD), sandbox=False)["asyncId"]
    assert client.checkDeployStatus(number)["state"] == "InProgress"
    done = client.checkDeployStatus(number)
    assert (done["state"], done["deployment_detail"]["deployed_count"]) == ("Succeeded", "3")
    assert done["deployment_detail"]["errors"] == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_real_client_is_told_what_was_wrong(client: Salesforce):
    wrong = package(
        {**note(), **granting(field_permission("Note__c.Nothing__c"))}, CustomObject="Note__c", PermissionSet="Writer"
    )
    number = client.deploy(io.BytesIO(wrong), sandbox=False)["asyncId"]
    client.checkDeployStatus(number)
    done = client.checkDeployStatus(number)
    assert done["state"] == "Failed"
    [error] = done["deployment_detail"]["errors"]
    assert (error["type"], error["status"]) == ("PermissionSet", "Error")
    assert error["message"] == "In field: field - no CustomField named Note__c.Nothing__c found"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_token_that_has_expired_is_a_fault(salesforce, client: Salesforce):
    salesforce.store.expire_tokens()
    with pytest.raises(SalesforceGeneralError) as refused:
        client.deploy(io.BytesIO(GOOD), sandbox=False)
    assert refused.value.status == 500
    assert b"INVALID_SESSION_ID" in bytes(str(refused.value.content), "utf-8")


def problems(content: bytes) -> list[str]:
    found = packages.read(content)
    return [one.problem for one in [*found.problems, *package_checks.wrong({}, found.components)]]


def fields(**parts: str) -> bytes:
    text = "".join(f"<{tag}>{value}</{tag}>" for tag, value in parts.items())
    return package(
        note(f"<fields><fullName>Words__c</fullName><label>W</label>{text}</fields>"),
        CustomObject="Note__c",
        CustomField="Note__c.Words__c",
    )


OBJECT_RIGHTS = "<objectPermissions>{}<object>{}</object></objectPermissions>"
REFUSED = {
    "no package.xml": (b"PK\x05\x06" + b"\0" * 18, "No package.xml found"),
    "a member without a file": (
        package({}, CustomObject="Note__c"),
        "An object 'Note__c' of type CustomObject was named in package.xml, but was not found in zipped directory",
    ),
    "a type that does not exist": (fields(type="String"), "'String' is not a valid value for the enum 'FieldType'"),
    "a text without a length": (fields(type="Text"), "Must specify 'length' for a CustomField of type Text"),
    "a number without a scale": (
        fields(precision="4", type="Number"),
        "Must specify 'scale' for a CustomField of type Number",
    ),
    "a lookup to nothing": (
        fields(referenceTo="Nothing__c", type="Lookup"),
        "referenceTo value of 'Nothing__c' does not resolve to a valid sObject type",
    ),
    "a required lookup that lets go": (
        fields(deleteConstraint="SetNull", referenceTo="Account", required="true", type="Lookup"),
        "Cannot specify SetNull for a required lookup",
    ),
    "a picklist without values": (
        fields(type="Picklist", valueSet="<valueSetDefinition><sorted>false</sorted></valueSetDefinition>"),
        "Picklist must have at least one value",
    ),
    "a permission on a required field": (
        package(
            {
                **note(TEXT.replace("<type>", "<required>true</required><type>")),
                **granting(field_permission("Note__c.Words__c")),
            },
            CustomObject="Note__c",
            CustomField="Note__c.Words__c",
            PermissionSet="Writer",
        ),
        "You cannot deploy to a required field: Note__c.Words__c",
    ),
    "a permission on a required field of Salesforce's own": (
        package(granting(field_permission("Opportunity.StageName")), PermissionSet="Writer"),
        "You cannot deploy to a required field: Opportunity.StageName",
    ),
    "a permission on a field that nobody hides": (
        package(granting(field_permission("Account.OwnerId")), PermissionSet="Writer"),
        "In field: field - no CustomField named Account.OwnerId found",
    ),
    "a right that needs another": (
        package(granting(OBJECT_RIGHTS.format("<allowEdit>true</allowEdit>", "Account")), PermissionSet="Writer"),
        "Permission Edit Account depends on permission(s): Read Account",
    ),
    "a right on an object that is not there": (
        package(granting(OBJECT_RIGHTS.format("<allowRead>true</allowRead>", "Nothing__c")), PermissionSet="Writer"),
        "In field: object - no CustomObject named Nothing__c found",
    ),
    "a report of no type": (
        package(
            {
                "reports/F/R.report": f"<Report {NS}><name>R</name><reportType>Nothing__c</reportType></Report>",
                "reports/F-meta.xml": f"<ReportFolder {NS}><name>F</name></ReportFolder>",
            },
            Report="F/R",
        ),
        "invalid report type",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_in_salesforces_words(what):
    content, message = REFUSED[what]
    assert message in problems(content)


def test_a_good_package_has_no_problem():
    assert problems(GOOD) == []


def test_a_question_about_setup_that_names_an_unknown_field_is_refused(client: Salesforce):
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Colour'"):
        client.query("SELECT Colour FROM PermissionSet")


def test_the_root_of_the_api_says_who_asks(salesforce, client: Salesforce):
    assert client.restful("")["identity"].endswith(f"/{salesforce.store.org_id}/{salesforce.store.api_user}")
