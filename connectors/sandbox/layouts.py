"""The page layouts that the sandbox has from the start, in Salesforce's own form."""

from __future__ import annotations

from typing import Final

_LAYOUT: Final = """<?xml version="1.0" encoding="UTF-8"?>
<Layout xmlns="http://soap.sforce.com/2006/04/metadata">
    <layoutSections>
        <customLabel>false</customLabel>
        <detailHeading>true</detailHeading>
        <editHeading>true</editHeading>
        <label>{label} Information</label>
        <layoutColumns>
            <layoutItems>
                <behavior>Required</behavior>
                <field>Name</field>
            </layoutItems>
        </layoutColumns>
        <layoutColumns>
            <layoutItems>
                <behavior>Edit</behavior>
                <field>{field}</field>
            </layoutItems>
        </layoutColumns>
        <style>TwoColumnsTopToBottom</style>
    </layoutSections>
    <relatedLists>
        <relatedList>RelatedNoteList</relatedList>
    </relatedLists>
    <showEmailCheckbox>false</showEmailCheckbox>
</Layout>
"""
LAYOUTS: Final = {
    "Account-Account Layout": _LAYOUT.format(label="Account", field="Website"),
    "Opportunity-Opportunity Layout": _LAYOUT.format(label="Opportunity", field="Amount"),
}
