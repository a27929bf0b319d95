"""The page layouts that the sandbox has from the start, in Salesforce's own form, and how a retrieve packs one."""

from __future__ import annotations

import base64
import io
import zipfile
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


def layout_zip(found: dict[str, str]) -> str:
    """Return a package with the layouts *found*, as base64. What does not exist is simply not in it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("package.xml", "<?xml version='1.0'?><Package/>")
        for name, text in found.items():
            archive.writestr(f"layouts/{name}.layout", text)
    return base64.b64encode(target.getvalue()).decode()
