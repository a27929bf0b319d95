"""Which scopes a token needs, by what they are for. A scope that is missing switches its feature off."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

#: Feature to the scopes that it needs. The first one is what nothing goes without.
SCOPES: Final = {
    "reading companies and deals": (
        "crm.objects.companies.read",
        "crm.objects.deals.read",
        "crm.schemas.companies.read",
        "crm.schemas.deals.read",
        "crm.objects.owners.read",
    ),
    "writing overlaps on companies and deals": ("crm.objects.companies.write", "crm.objects.deals.write"),
    "setting up properties and labels": ("crm.schemas.companies.write", "crm.schemas.deals.write"),
    "records of overlaps (custom objects, Enterprise)": (
        "crm.schemas.custom.read",
        "crm.objects.custom.read",
        "crm.objects.custom.write",
    ),
    "setting up custom objects (Enterprise)": ("crm.schemas.custom.write",),
}
#: What a portal below Enterprise cannot grant, and is well without.
OPTIONAL: Final = tuple(scope for feature, scopes in SCOPES.items() if "Enterprise" in feature for scope in scopes)
REQUIRED: Final = tuple(scope for scopes in SCOPES.values() for scope in scopes if scope not in OPTIONAL)


def features_without(missing: Collection[str]) -> list[str]:
    """Return what does not work without the scopes *missing*."""
    return [feature for feature, scopes in SCOPES.items() if not set(missing).isdisjoint(scopes)]
