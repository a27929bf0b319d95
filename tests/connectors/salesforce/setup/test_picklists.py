"""What an admin made of a list of values is what it is after the next deployment."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from connectors.salesforce.setup import source
from connectors.salesforce.setup.component import Part, parts_of
from connectors.salesforce.setup.difference import Action, Step, differences
from connectors.salesforce.setup.existing import described_field
from connectors.salesforce.setup.fields import Wanted
from connectors.salesforce.setup.picklists import Value, clashes, missing, switched_off, values
from overlap.fields import OVERLAP, PARTNER
from tests.connectors.salesforce.setup.metadata_checks import SOURCE, problems

NAME = "Overlap_Partner__c.Tier__c"
PATH = f"{SOURCE}objects/Overlap_Partner__c/fields/Tier__c.field-meta.xml"
#: As the Metadata API gives a field: "Strategic" in another case, "Growth" relabelled, "Registered" switched off.
THEIRS = """<fields>
    <fullName>Tier__c</fullName><externalId>false</externalId><inlineHelpText>Ask Ada</inlineHelpText>
    <label>Level</label><required>false</required><type>Picklist</type>
    <valueSet><controllingField>Feed_Status__c</controllingField><restricted>true</restricted><valueSetDefinition>
        <sorted>true</sorted>
        <value><fullName>Platinum</fullName><default>true</default><label>Platinum</label></value>
        <value><fullName>STRATEGIC</fullName><default>false</default><label>Strategic</label></value>
        <value><fullName>Growth</fullName><color>#FF0000</color><default>false</default><label>Grow</label></value>
        {more}
    </valueSetDefinition></valueSet>
</fields>"""
OFF = "<value><fullName>Registered</fullName><default>false</default><isActive>false</isActive><label>R</label></value>"


def field(more: str = OFF) -> list[Part]:
    return parts_of(ElementTree.fromstring(THEIRS.format(more=more)))[1:]


def written(there: list[Part]) -> ElementTree.Element:
    files = source.files(source.components(Wanted(there={NAME: there})))
    assert problems(files) == []
    return ElementTree.fromstring(files[PATH])


def texts(tree: ElementTree.Element, tag: str) -> list[str | None]:
    return [one.text for one in tree.iterfind(f".//{{*}}{tag}")]


def test_values_are_told_apart_without_regard_to_case_whether_or_not_they_are_switched_on() -> None:
    assert values(field())[-1] == Value("Registered", "R", active=False)
    assert missing(["Strategic", "Growth", "Registered"], field()) == []
    assert missing(["Strategic", "Registered"], field(more="")) == ["Registered"]
    assert switched_off(["Strategic", "Registered"], field()) == ["Registered"]


def test_a_field_that_is_deployed_again_keeps_what_an_admin_did_to_it() -> None:
    tree = written(field())
    assert texts(tree, "label") == ["Level", "Platinum", "Strategic", "Grow", "R"]
    assert texts(tree, "isActive") == ["false"]
    assert texts(tree, "default") == ["true", "false", "false", "false"]
    assert (texts(tree, "color"), texts(tree, "sorted")) == (["#FF0000"], ["true"])
    assert (texts(tree, "inlineHelpText"), texts(tree, "controllingField")) == (["Ask Ada"], ["Feed_Status__c"])


def test_what_is_new_comes_behind_what_is_there() -> None:
    assert texts(written(field(more="")), "label")[1:] == ["Platinum", "Strategic", "Grow", "Registered"]


def test_the_orgs_default_stays_the_only_one() -> None:
    status = "Partner_Influence__c.Status__c"
    there = described_field(
        {
            "type": "picklist",
            "picklistValues": [{"value": "Open", "label": "Open", "active": True, "defaultValue": True}],
        }
    )
    files = source.files(source.components(Wanted(there={status: there})))
    tree = ElementTree.fromstring(files[f"{SOURCE}objects/Partner_Influence__c/fields/Status__c.field-meta.xml"])
    assert texts(tree, "default") == ["true", *["false"] * 4]


def test_a_new_value_that_is_anothers_label_is_a_clash() -> None:
    relabelled = OFF.replace("<label>R<", "<label>gold<")
    [said] = clashes(["Gold"], field(more=relabelled))
    assert said == "the org's value 'Registered' is labelled 'gold': give it another label"
    assert list(clashes(["Silver"], field(more=relabelled))) == []


def test_values_of_a_global_set_are_left_to_it() -> None:
    tree = ElementTree.fromstring(THEIRS.format(more=""))
    of_set = "<valueSet><restricted>true</restricted><valueSetName>Tiers</valueSetName></valueSet>"
    tree.remove(tree.find("valueSet"))
    tree.append(ElementTree.fromstring(of_set))
    there = parts_of(tree)[1:]
    assert texts(written(there), "valueSetName") == ["Tiers"]
    assert list(clashes(["Growth"], there)) == ["its values come from the global value set Tiers: add Growth there"]


def one_step(thing: object, name: str, facts: dict[str, object]) -> Step | None:
    return next(iter(differences(thing, {name: {"nillable": True, **facts}})), None)


NUMBERS = [  # precision and scale of the org's match probability; ours has one digit before the point, three behind
    (4, 3, None, ""),
    (2, 1, Action.CHANGE, "digits 2,1 → 4,3"),
    (5, 4, Action.CLASH, "holds 1 digits before the point and 4 behind it, ours 1 and 3"),
    (5, 3, Action.CLASH, "holds 2 digits before the point"),
    (18, 0, Action.CLASH, "making it narrower cuts what is in it"),
]


@pytest.mark.parametrize(("precision", "scale", "action", "says"), NUMBERS)
def test_a_number_is_widened_and_never_made_narrower(precision, scale, action, says) -> None:
    step = one_step(OVERLAP, "Match_Probability__c", {"type": "double", "precision": precision, "scale": scale})
    assert (None if step is None else step.action) == action
    assert says in (step.detail if step else "")


FORMULAS = [
    ("Partner__r.Name", None),
    ("  Partner__r.Name\n", None),
    (None, None),
    ("Partner__r.Partner_Key__c", "formula Partner__r.Partner_Key__c → Partner__r.Name"),
]


@pytest.mark.parametrize(("theirs", "says"), FORMULAS)
def test_a_formula_that_was_changed_is_shown_and_deployed(theirs, says) -> None:
    facts = {"type": "string", "calculated": True, "calculatedFormula": theirs}
    step = one_step(OVERLAP, "Partner_Name__c", facts)
    assert (None if step is None else (step.action, step.detail)) == (says and (Action.CHANGE, says))


def test_a_value_that_only_differs_in_case_is_no_difference() -> None:
    told = [{"value": name, "label": name, "active": True} for name in ("strategic", "GROWTH", "Registered")]
    facts = {"type": "picklist", "restrictedPicklist": True, "picklistValues": told}
    assert one_step(PARTNER, "Tier__c", facts) is None
