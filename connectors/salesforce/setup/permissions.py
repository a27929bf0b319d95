"""The permission sets. Each says only what it grants; a required field is everybody's and may not be named.

The integration user may edit the engine's fields and nothing that people own, and reads of Account and Opportunity just
what is pulled. It sees every record of those two (View All): a record that sharing hides would look like one that
somebody deleted. It does not get Modify All on them, which would include deleting; where accounts are shared read-only,
its role or a sharing rule must let it edit, and `overlap check` looks. On our own three objects it has Modify All,
because records are given to the owners of accounts, and Salesforce ties that to the right to delete. It may look at
the org's set-up (View Setup), which changes nothing, so that `overlap check` can tell all this.

Our objects are shared with nobody but a record's owner and those above. Readers see them all by their set (View All).
Editors change what they own; a partner manager, who owns nothing, has Modify All, with the same tie to deleting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from connectors.salesforce.objects import OBJECT_NAMES
from connectors.salesforce.setup.component import Component, Part
from connectors.salesforce.setup.fields import FORMULAS, Wanted, custom_fields, full_name
from connectors.salesforce.setup.objects import AFTER_CLOSE, own_objects
from overlap.fields import ACCOUNT, INFLUENCE, OBJECTS, OPPORTUNITY, OVERLAP, PARTNER, CrmObject, Field, Owner

INTEGRATION: Final = "Overlap_Integration"
READER: Final = "Overlap_Reader"
EDITOR: Final = "Overlap_Influence_Editor"
MANAGER: Final = "Overlap_Partner_Manager"
#: Permission set: for whom it is.
FOR_WHOM: Final = {
    INTEGRATION: "the user that overlap signs in as, and nobody else",
    READER: "everybody who works with partners' overlaps",
    EDITOR: "account executives who decide about influence on their own deals, beside the reader's",
    MANAGER: "partner managers, who decide about everybody's, beside the reader's and the editor's",
}
_LABELS: Final = {
    INTEGRATION: "Overlap Integration",
    READER: "Overlap Reader",
    EDITOR: "Overlap Influence Editor",
    MANAGER: "Overlap Partner Manager",
}
#: Salesforce's own fields that everybody sees who sees the record. Source: `permissionable` in their describes.
_ALWAYS_SEEN: Final = frozenset(
    {
        *("Id", "IsDeleted", "MasterRecordId", "Name", "OwnerId", "RecordTypeId", "CurrencyIsoCode", "IsPersonAccount"),
        *("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp", "LastActivityDate"),
        *("StageName", "CloseDate", "IsClosed", "IsWon", "ForecastCategory", "ForecastCategoryName"),
        *("Company", "Status", "FirstName", "LastName", "IsConverted", "ConvertedAccountId", "ConvertedDate"),
    }
)
#: Objects of Salesforce's own on which no permission set grants rights: everybody reads them.
_WITHOUT_RIGHTS: Final = frozenset({"User", "RecordType", "Profile"})
_ADDRESS: Final = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude")
#: What people fill in when they press New on an influence, although the engine owns it on its own records.
_BY_HAND: Final = frozenset({"opportunity", "partner"})

#: Modify All, and what it depends on.
_EVERY_RECORD: Final = ("read", "edit", "delete", "view all", "modify all")
_READ, _EDIT = (False, True), (True, True)  # (editable, readable)


def permission_sets(wanted: Wanted, read: Mapping[str, Iterable[str]], fingerprint: str) -> list[Component]:
    """Return all of them. *read* are the org's own fields that a pull reads, by object.

    *fingerprint* goes into the integration's description: it says which setup the org has.
    """
    described = f"For {FOR_WHOM[INTEGRATION]}. Setup {fingerprint}."
    engine = _fields(wanted.things, lambda _, field: field.owner is Owner.ENGINE)
    return [
        _set(INTEGRATION, described, {**_standard(read), **engine}, _integration_objects(wanted)),
        _set(
            READER, f"For {FOR_WHOM[READER]}.", _fields(wanted.things, lambda *_: False), _objects("read", "view all")
        ),
        _set(EDITOR, f"For {FOR_WHOM[EDITOR]}.", _fields(wanted.things, _decides), _editor_objects()),
        _set(MANAGER, f"For {FOR_WHOM[MANAGER]}.", {}, _objects(*_EVERY_RECORD)),
    ]


def _standard(read: Mapping[str, Iterable[str]]) -> dict[str, tuple[bool, bool]]:
    """Return what is granted on the org's own fields: those of ours may be in *read* too, and are granted below."""
    asked = [(name, field) for name, fields in read.items() for field in fields]
    ours = {full_name(thing, field) for thing, field in custom_fields(OBJECTS)}
    return {
        f"{name}.{_compound(name, field)}": _READ
        for name, field in asked
        if field not in _ALWAYS_SEEN and f"{name}.{field}" not in ours
    }


def _decides(thing: CrmObject, field: Field) -> bool:
    return field.owner is Owner.HUMAN or (thing == INFLUENCE and field.name in _BY_HAND)


def _fields(things: Sequence[CrmObject], may_edit: Callable[[CrmObject, Field], bool]) -> dict[str, tuple[bool, bool]]:
    """Return what is granted on each field of *things* that is not required, by full name."""
    return {
        full_name(thing, field): _EDIT if _stored(thing, field) and may_edit(thing, field) else _READ
        for thing, field in custom_fields(things)
        if not field.required
    }


def _stored(thing: CrmObject, field: Field) -> bool:
    return (thing.name, field.name) not in FORMULAS


def _compound(name: str, field: str) -> str:
    """Return the field that access is granted on: the parts of an address are granted as one."""
    if name == "Lead" and field in _ADDRESS:
        return "Address"
    if field.startswith(("Billing", "Shipping")) and field.endswith(_ADDRESS):
        return f"{'Billing' if field.startswith('Billing') else 'Shipping'}Address"
    return field


def _integration_objects(wanted: Wanted) -> dict[str, Collection[str]]:
    rights = ("read", "edit", "view all") if wanted.flat_fields else ("read", "view all")
    standard = {OBJECT_NAMES[thing.name]: rights for thing in (ACCOUNT, OPPORTUNITY)}
    beside = dict.fromkeys(set(wanted.more) - standard.keys() - _WITHOUT_RIGHTS, ("read", "view all"))
    return {**standard, **beside, **_objects("create", *_EVERY_RECORD)}


def _objects(*rights: str) -> dict[str, Collection[str]]:
    return {OBJECT_NAMES[thing.name]: rights for thing in own_objects()}


def _editor_objects() -> dict[str, Collection[str]]:
    return {
        OBJECT_NAMES[PARTNER.name]: ("read", "edit"),
        OBJECT_NAMES[OVERLAP.name]: ("read", "edit"),
        OBJECT_NAMES[INFLUENCE.name]: ("read", "create", "edit"),
    }


def _set(
    name: str,
    description: str,
    fields: Mapping[str, tuple[bool, bool]],
    rights: Mapping[str, Collection[str]],
) -> Component:
    custom: list[Part] = [("customPermissions", [("enabled", True), ("name", AFTER_CLOSE)])]
    parts: list[Part] = [*(custom if name == INTEGRATION else []), ("description", description)]
    for field, (editable, readable) in sorted(fields.items()):
        parts.append(("fieldPermissions", [("editable", editable), ("field", field), ("readable", readable)]))
    parts += [("hasActivationRequired", False), ("label", _LABELS[name])]
    for object_name, granted in sorted(rights.items()):
        parts.append(("objectPermissions", _object(object_name, granted)))
    if name != INTEGRATION:  # it signs in by the API only
        parts += [
            ("tabSettings", [("tab", OBJECT_NAMES[thing.name]), ("visibility", "Visible")]) for thing in own_objects()
        ]
    else:
        parts.append(("userPermissions", [("enabled", True), ("name", "ViewSetup")]))
    return Component("PermissionSet", name, parts)


def _object(name: str, granted: Collection[str]) -> list[Part]:
    return [
        ("allowCreate", "create" in granted),
        ("allowDelete", "delete" in granted),
        ("allowEdit", "edit" in granted),
        ("allowRead", "read" in granted),
        ("modifyAllRecords", "modify all" in granted),
        ("object", name),
        ("viewAllRecords", "view all" in granted),
    ]
