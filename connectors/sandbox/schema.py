"""Objects and fields of the sandbox org: Salesforce's own from a table, ours derived from `overlap.fields`.

A `Catalog` is what one user sees. Field-level security takes a field out of it, and from then on the field looks
exactly like one that never existed: that is how Salesforce does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from connectors.salesforce.objects import OBJECT_NAMES, api_name, key_name
from connectors.sandbox import standard
from connectors.sandbox.errors import unknown_type
from connectors.sandbox.ids import PREFIXES
from overlap.fields import OBJECTS, CrmObject, Field, Kind, Owner

_CREATEABLE, _UPDATEABLE, _NILLABLE, _DEFAULTED, _KEY = "cundk"
#: What an org may have or lack: feature to the objects whose fields it brings.
FEATURES: Final = standard.FEATURES


@dataclass(frozen=True, slots=True)
class Column:
    """A field as `describe` shows it. *length* counts characters; *precision* and *scale* digits, *digits* an int's.

    *access* holds the letters of `standard`. *default* is stored on create when the field is absent. *target* is the
    object a reference points to, *relationship* the name its fields are read by. *formula* is the parent path that a
    calculated field shows, *formula_text* what says so in Salesforce; such a field is not stored. *labels* are how
    people read the *values* of a picklist, where that differs. *feature* is what the org must have for it.
    """

    name: str
    label: str
    type: str
    access: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    values: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    restricted: bool = False
    default: str | bool | None = None
    target: str | None = None
    relationship: str | None = None
    external_id: bool = False
    formula: str | None = None
    formula_text: str | None = None
    auto_number: bool = False
    feature: str | None = None

    @property
    def custom(self) -> bool:
        """It is one of ours, not Salesforce's own."""
        return self.name.endswith("__c")

    @property
    def createable(self) -> bool:
        """A create may set it."""
        return _CREATEABLE in self.access

    @property
    def updateable(self) -> bool:
        """An update may set it."""
        return _UPDATEABLE in self.access

    @property
    def nillable(self) -> bool:
        """It may be null."""
        return _NILLABLE in self.access

    @property
    def defaulted(self) -> bool:
        """A create may leave it out although it is never null."""
        return _DEFAULTED in self.access

    @property
    def is_key(self) -> bool:
        """An upsert may look a record up by it. Only an external id is unique."""
        return self.external_id or self.type == "id" or _KEY in self.access

    @property
    def required(self) -> bool:
        """A create must set it."""
        return self.createable and not self.nillable and not self.defaulted

    @property
    def filterable(self) -> bool:
        """SOQL may filter and sort by it; long text may only be selected."""
        return not (self.type == "textarea" and self.length > 255)


@dataclass(frozen=True, slots=True)
class Entity:
    """An object and its fields in describe order, by lower-case API name: Salesforce ignores case in names."""

    name: str
    label: str
    plural: str
    columns: dict[str, Column]

    @property
    def prefix(self) -> str:
        """The first three characters of its records' ids."""
        return PREFIXES[self.name]

    @property
    def custom(self) -> bool:
        """It is one of ours, not Salesforce's own."""
        return self.name.endswith("__c")

    def column(self, name: str) -> Column | None:
        """Return the field called *name* in any case, None if there is none."""
        return self.columns.get(name.lower())

    def relation(self, name: str) -> Column | None:
        """Return the reference field whose relationship is called *name* in any case, None if there is none."""
        return next((c for c in self if c.relationship and c.relationship.lower() == name.lower()), None)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns.values())


@dataclass(frozen=True, slots=True)
class Catalog:
    """What one user sees, by lower-case API name of the object."""

    entities: dict[str, Entity]

    def entity(self, name: str) -> Entity:
        """Return the object called *name* in any case.

        Raises:
            ApiError: INVALID_TYPE, there is none.
        """
        try:
            return self.entities[name.lower()]
        except KeyError:
            raise unknown_type(name) from None


@cache
def visible(
    hidden: frozenset[tuple[str, str]] = frozenset(),
    deployed: bool = True,
    features: frozenset[str] = frozenset(FEATURES),
) -> Catalog:
    """Return the org without the *hidden* (object, field) pairs; not *deployed* is an org before our setup."""
    entities = {}
    for entity in _org():
        if (entity.custom and not deployed) or (entity.name == "RecordType" and "record-types" not in features):
            continue
        kept = {
            key: column
            for key, column in entity.columns.items()
            if (entity.name, column.name) not in hidden
            and (deployed or not column.name.endswith("__c"))
            and (column.feature is None or column.feature in features)
        }
        entities[entity.name.lower()] = replace(entity, columns=kept)
    return Catalog(entities)


def deployed_for(thing: CrmObject, field: Field) -> Column:
    """Return the Salesforce field that setup creates for *field* of *thing*: the type mapping of `overlap.fields`."""
    column = Column(
        name=api_name(field),
        label=_label(field.name),
        type=_TYPES[field.kind],
        access=_access(thing, field),
        length=field.length,
        values=field.values,
        restricted=field.restricted and bool(field.values),
        default=False if field.kind is Kind.CHECKBOX else field.default,
        external_id=field.name == thing.key,
        formula=_FORMULAS.get((thing.name, field.name)),
        formula_text=_FORMULA_TEXTS.get((thing.name, field.name)),
    )
    if field.kind is Kind.NUMBER:
        return replace(column, length=0, precision=field.length, scale=field.scale)
    if field.kind is Kind.LOOKUP:
        relationship = column.name.removesuffix("__c") + "__r"
        return replace(column, target=OBJECT_NAMES[field.target or ""], relationship=relationship)
    return column


_TYPES: Final = {
    Kind.TEXT: "string",
    Kind.LONG_TEXT: "textarea",
    Kind.URL: "url",
    Kind.EMAIL: "email",
    Kind.NUMBER: "double",
    Kind.CHECKBOX: "boolean",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime",
    Kind.PICKLIST: "picklist",
    Kind.MULTI_PICKLIST: "multipicklist",
    Kind.LOOKUP: "reference",
}
#: Formulas show a field of the partner. The other fields of owner F are stamped: stored, and read-only.
_FORMULAS: Final = {
    ("partner_overlap", "partner_name"): "Partner__r.Name",
    ("partner_overlap", "as_of"): "Partner__r.List_As_Of__c",
    ("partner_overlap", "freshness"): "Partner__r.Feed_Status__c",
}


#: Where Salesforce's formula says more than the field that it shows.
_FORMULA_TEXTS: Final = {
    ("partner_overlap", "freshness"): 'IF(ISPICKVAL(Partner__r.Feed_Status__c, "Late"), "Unknown", "Current")',
}


def _access(thing: CrmObject, field: Field) -> str:
    if field.owner is Owner.FORMULA:
        return "n"
    if field.kind is Kind.CHECKBOX:
        return "cud"
    if field.name == "name":  # a custom object's name defaults to the record's id
        return "cund" if api_name(field) == "Name" and thing.key else "cu"
    return "cu" if field.required else "cun"


def _label(name: str) -> str:
    return " ".join("ICP" if word == "icp" else word.capitalize() for word in name.split("_"))


@cache
def _org() -> tuple[Entity, ...]:
    ours = {OBJECT_NAMES[thing.name]: thing for thing in OBJECTS}
    entities = []
    for name, (label, plural, table) in standard.OBJECTS.items():
        own = [deployed_for(ours[name], field) for field in ours[name].fields] if name in ours else []
        entities.append(_entity(name, (label, plural), [*_columns(table), *own]))
    for name, thing in ours.items():
        if name not in standard.OBJECTS:
            entities.append(_entity(name, (thing.label, thing.label + "s"), _custom(thing)))
    return tuple(entities)


def _custom(thing: CrmObject) -> list[Column]:
    columns = [deployed_for(thing, field) for field in thing.fields if field.name != "owner_id"]
    if not any(column.name == "Name" for column in columns):
        columns.insert(0, Column("Name", f"{thing.label} Name", "string", "d", length=80, auto_number=True))
    assert any(column.name == key_name(thing) for column in columns)
    return columns


def _entity(name: str, labels: tuple[str, str], columns: list[Column]) -> Entity:
    system = [c for c in _columns(standard.SYSTEM) if c.name != "OwnerId" or name not in standard.OWNERLESS]
    columns = [*columns, *_of_features(name)]
    own = "Record ID" if name.endswith("__c") else f"{labels[0]} ID"
    own_id = replace(system[0], label=standard.ID_LABELS.get(name, own))
    every = [own_id, system[1], *columns, *system[2:]]
    return Entity(name, *labels, {column.name.lower(): column for column in every})


def _of_features(name: str) -> Iterator[Column]:
    for feature, tables in FEATURES.items():
        table = tables.get(name) or ("" if name in standard.OWNERLESS else tables.get("*", ""))
        for column in _columns(table):
            default = standard.CORPORATE_CURRENCY if column.name == "CurrencyIsoCode" else column.default
            yield replace(column, feature=feature, default=default)


def _columns(table: str) -> Iterator[Column]:
    for line in table.strip().splitlines():
        name, label, kind, access, *values = (cell.strip() for cell in line.split("|"))
        yield _standard(Column(name, label, kind, access), values[0] if values else "")


def _standard(column: Column, values: str) -> Column:
    kind, _, detail = column.type.removesuffix(")").partition("(")
    column = replace(
        column,
        type=kind,
        restricted=values.startswith("!"),
        values=tuple(re.split(r",\s*", values.removeprefix("!").strip())) if values else (),
    )
    if kind == "reference":
        return replace(column, length=18, target=detail, relationship=column.name.removesuffix("Id"))
    if kind in ("double", "currency", "percent"):
        precision, scale = detail.split(",")
        return replace(column, precision=int(precision), scale=int(scale))
    if kind == "int":
        return replace(column, digits=int(detail))
    if kind == "boolean":
        return replace(column, default=column.name == "IsActive")
    return replace(column, length=int(detail or 0))
