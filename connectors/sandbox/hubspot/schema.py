"""A portal's objects and their properties: what they are, and how the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

#: Which field types a property of a type may have. Source: HubSpot's properties guide.
FIELD_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "bool": frozenset({"booleancheckbox", "calculation_equation"}),
    "enumeration": frozenset({"booleancheckbox", "checkbox", "radio", "select", "calculation_equation"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
    "string": frozenset({"file", "text", "textarea", "html", "phonenumber", "calculation_equation"}),
    "number": frozenset({"number", "calculation_equation"}),
    "phone_number": frozenset({"phonenumber"}),
}
OPTION_TYPES: Final = frozenset({"enumeration", "bool"})


@dataclass(frozen=True, slots=True)
class Option:
    """A value that an enumeration may have."""

    value: str
    label: str
    hidden: bool = False
    display_order: int = -1
    description: str = ""


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an object. *owners* means that its values are owners' ids, whatever the options are."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    options: tuple[Option, ...] = ()
    unique: bool = False
    read_only: bool = False
    ours: bool = False
    owners: bool = False
    description: str = ""
    hidden: bool = False
    form_field: bool = False
    display_order: int = -1
    archived_at: str = ""
    created_at: str = ""
    updated_at: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def several(self) -> bool:
        """A value of it is a list, parted by semicolons."""
        return self.type == "enumeration" and self.field_type == "checkbox"

    def shown(self) -> dict[str, Any]:
        """Return the definition as the API shows it."""
        stamps = {"createdAt": self.created_at, "updatedAt": self.updated_at, "archivedAt": self.archived_at}
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [
                {
                    "label": option.label,
                    "value": option.value,
                    "description": option.description,
                    "displayOrder": option.display_order,
                    "hidden": option.hidden,
                }
                for option in self.options
            ],
            "displayOrder": self.display_order,
            "calculated": False,
            "externalOptions": self.owners,
            "archived": bool(self.archived_at),
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            **({} if self.ours else {"hubspotDefined": True}),
            "modificationMetadata": {
                "archivable": self.ours,
                "readOnlyDefinition": not self.ours,
                "readOnlyOptions": not self.ours,
                "readOnlyValue": self.read_only,
            },
            "formField": self.form_field,
            "dataSensitivity": "non_sensitive",
            **({"referencedObjectType": "OWNER"} if self.owners else {}),
            **{name: stamp for name, stamp in stamps.items() if stamp},
            **self.more,
        }


@dataclass(frozen=True, slots=True)
class ObjectType:
    """An object of a portal. *names* are what paths may call it beside its id; *word* is what people call it.

    *created* is the property that says when a record was made, *defaults* are those that every answer has, *required*
    those that a new record needs, *searched* those that a search's ``query`` looks into.
    """

    type_id: str
    word: str
    names: tuple[str, ...]
    legacy: str
    singular: str
    plural: str
    created: str
    defaults: tuple[str, ...]
    required: tuple[str, ...]
    searched: tuple[str, ...]
    custom: bool = False
    founded_at: str = ""

    @property
    def name(self) -> str:
        """What paths and answers usually call it."""
        return self.names[0]

    @property
    def scope(self) -> str:
        """Its word in the names of scopes."""
        return "custom" if self.custom else self.word


_SYSTEM: Final = ("hs_lastmodifieddate", "hs_object_id")
COMPANIES: Final = ObjectType(
    "0-2",
    "companies",
    ("companies", "company", "COMPANY"),
    "COMPANY",
    "Company",
    "Companies",
    "createdate",
    ("createdate", "domain", *_SYSTEM, "name"),
    (),
    ("name", "domain", "website", "phone"),
)
DEALS: Final = ObjectType(
    "0-3",
    "deals",
    ("deals", "deal", "DEAL"),
    "DEAL",
    "Deal",
    "Deals",
    "createdate",
    ("amount", "closedate", "createdate", "dealname", "dealstage", *_SYSTEM, "pipeline"),
    ("dealname", "dealstage"),
    ("dealname",),
)
STANDARD: Final = {kind.type_id: kind for kind in (COMPANIES, DEALS)}


def custom_type(portal_id: int, schema: Mapping[str, Any]) -> ObjectType:
    """Return the custom object that *schema*, as the API shows it, describes."""
    name, type_id = schema["name"], schema["objectTypeId"]
    return ObjectType(
        type_id,
        name,
        (f"p{portal_id}_{name}", f"p_{name}"),
        type_id,
        schema["labels"].get("singular", name),
        schema["labels"].get("plural", name),
        "hs_createdate",
        ("hs_createdate", *_SYSTEM),
        tuple(schema["requiredProperties"]),
        tuple(schema["searchableProperties"]),
        custom=True,
        founded_at=schema["createdAt"],
    )
