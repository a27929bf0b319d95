"""The describe replies: what an object and its fields are, in the API's own words. Hidden fields are simply absent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from connectors.sandbox.schema import Catalog, Column, Entity

_SOAP_TYPES: Final = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
}

_UNGROUPED: Final = frozenset({"double", "currency", "percent", "datetime", "multipicklist"})
#: Facts that hold for no field of the sandbox; clients may read them all the same.
_NEVER: Final[dict[str, Any]] = {
    **dict.fromkeys(("aiPredictionField", "cascadeDelete", "dependentPicklist", "displayLocationInDecimal"), False),
    **dict.fromkeys(("encrypted", "formulaTreatNullNumberAsZero", "highScaleNumber", "htmlFormatted"), False),
    **dict.fromkeys(("namePointing", "polymorphicForeignKey", "queryByDistance", "restrictedDelete"), False),
    **dict.fromkeys(("searchPrefilterable", "writeRequiresMasterRead"), False),
    **dict.fromkeys(("compoundFieldName", "controllerName", "defaultValueFormula", "extraTypeInfo"), None),
    **dict.fromkeys(("filteredLookupInfo", "mask", "maskType", "referenceTargetField", "relationshipOrder"), None),
}

#: Writable fields of Salesforce's own that no permission hides although a record may lack them.
_ALWAYS_SEEN: Final = frozenset(
    {
        *((name, "OwnerId") for name in ("Account", "Contact", "Lead", "Opportunity")),
        *((name, "RecordTypeId") for name in ("Account", "Lead", "Opportunity")),
        *((name, part) for name in ("Account", "Contact", "Lead") for part in ("FirstName", "LastName", "Salutation")),
        *(("Lead", name) for name in ("Status", "IsConverted", "IsUnreadByOwner")),
        *(("OpportunityContactRole", name) for name in ("Role", "IsPrimary")),
        ("Account", "IsPartner"),
        ("Opportunity", "ForecastCategoryName"),
    }
)
_MASTER: Final = "012000000000000AAA"
_MERGEABLE: Final = frozenset({"Account", "Contact", "Lead"})
_NOT_BY_API: Final = frozenset({"Organization", "RecordType"})


def everything(catalog: Catalog, version: str) -> dict[str, Any]:
    """Return the global describe: every object, without its fields."""
    listed = [summary(entity, version) for entity in catalog.entities.values()]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed}


def one(entity: Entity, version: str, record_types: Sequence[tuple[str, str, str, int]] = ()) -> dict[str, Any]:
    """Return the describe of *entity* with its fields; *record_types* are (id, name, developer name, is active)."""
    every = [*record_types, (_MASTER, "Master", "Master", 1)]
    return {
        **summary(entity, version),
        "fields": [_field(entity, column) for column in entity],
        "recordTypeInfos": [_record_type(place, facts) for place, facts in enumerate(every)],
    }


def _record_type(place: int, facts: tuple[str, str, str, int]) -> dict[str, Any]:
    record_id, name, developer_name, active = facts
    return {
        "active": bool(active),
        "available": bool(active),
        "defaultRecordTypeMapping": place == 0,
        "developerName": developer_name,
        "master": record_id == _MASTER,
        "name": name,
        "recordTypeId": record_id,
        "urls": {},
    }


def summary(entity: Entity, version: str) -> dict[str, Any]:
    """Return what *entity* is, without its fields."""
    path = f"/services/data/v{version}/sobjects/{entity.name}"
    writable = entity.name not in _NOT_BY_API
    return {
        "activateable": False,
        "createable": writable,
        "custom": entity.custom,
        "customSetting": False,
        "deletable": writable and entity.name != "User",
        "deprecatedAndHidden": False,
        "keyPrefix": entity.prefix,
        "label": entity.label,
        "labelPlural": entity.plural,
        "mergeable": entity.name in _MERGEABLE,
        "name": entity.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": writable,
        "triggerable": writable,
        "undeletable": writable and entity.name not in ("User", "OpportunityContactRole"),
        "updateable": entity.name != "OpportunityPartner",
        "urls": {"describe": f"{path}/describe", "rowTemplate": f"{path}/{{ID}}", "sobject": path},
    }


def _field(entity: Entity, column: Column) -> dict[str, Any]:
    calculated = column.formula is not None
    return {
        **_NEVER,
        **_value_facts(column),
        "aggregatable": column.filterable and column.type != "boolean",
        "autoNumber": column.auto_number,
        "calculated": calculated,
        "calculatedFormula": column.formula_text or column.formula,
        "caseSensitive": False,
        "createable": column.createable,
        "custom": column.name.endswith("__c"),
        "defaultedOnCreate": column.defaulted,
        "deprecatedAndHidden": False,
        "externalId": column.external_id,
        "filterable": column.filterable,
        "groupable": column.filterable and column.type not in _UNGROUPED,
        "idLookup": column.is_key or (column.name == "Name" and (entity.custom or entity.name == "Opportunity")),
        "inlineHelpText": None,
        "label": column.label,
        "name": column.name,
        "nameField": column.name == "Name",
        "nillable": column.nillable,
        "permissionable": is_permissionable(entity, column),
        "sortable": column.filterable and column.type != "multipicklist",
        "unique": column.external_id,
        "updateable": column.updateable,
    }


def is_permissionable(entity: Entity, column: Column) -> bool:
    """Field-level security may take it from a user: not what every record needs, nor what nobody writes."""
    if column.custom:
        return column.nillable or column.type == "boolean"
    writable = column.createable or column.updateable
    return writable and not column.required and (entity.name, column.name) not in _ALWAYS_SEEN


#: What a describe says of any text that a formula makes.
_FORMULA_LENGTH: Final = 1300


def _value_facts(column: Column) -> dict[str, Any]:
    return {
        "byteLength": column.length if column.type in ("id", "reference") else column.length * 3,
        "defaultValue": column.default,
        "digits": column.digits,
        "length": _FORMULA_LENGTH if column.formula and column.type == "string" else column.length,
        "picklistValues": [
            {"active": True, "defaultValue": value == column.default, "label": label, "validFor": None, "value": value}
            for value, label in zip(column.values, column.labels or column.values, strict=True)
        ],
        "precision": column.precision,
        "referenceTo": [column.target] if column.target else [],
        "relationshipName": column.relationship,
        "restrictedPicklist": column.restricted,
        "scale": column.scale,
        "soapType": _SOAP_TYPES.get(column.type, "xsd:string"),
        "type": column.type,
    }
