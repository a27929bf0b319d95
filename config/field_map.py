"""Which fields of a CRM fill columns beside, or in place of, those that are read anyway."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

#: What the engine itself must be sure of: no field of the org's own may stand in for these.
_FIXED: Final = frozenset({"crm", "id", "account_id", "is_lead", "custom", "created_at", "modified_at"})


def _free(name: str) -> str:
    if name in _FIXED:
        raise ValueError(f"'{name}' is always read from the CRM's own field; map to another name")
    return name


#: Our name: a column of ours that gets another field, or a new one.
OurName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$"), AfterValidator(_free)]
#: A field by its API name, or a field of a parent: ``Segment__c``, ``Owner.Department``, ``Parent.Parent.Name``.
ApiPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]\w*(\.[A-Za-z]\w*){0,5}$")]
FieldMap = dict[OurName, ApiPath]
