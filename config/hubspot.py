"""How to reach one HubSpot portal, and what of it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from config.field_map import OurName
from config.kinds import Address, Currency, RecordId
from config.secrets import SecretReference

Flow = Literal["service-key", "private-app", "oauth"]

#: What each flow must have; everything else of these belongs to another one.
_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "service-key": ("token",),
    "private-app": ("token",),
    "oauth": ("client_id", "client_secret"),
}
_SECRETS: Final = ("token", "client_id", "client_secret")


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


#: The id of a HubSpot account, in digits.
PortalId = Annotated[str, BeforeValidator(_as_text), StringConstraints(pattern=r"^[0-9]{1,18}$")]
#: A property by its internal name.
PropertyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w-]{0,99}$")]


class HubSpotSettings(BaseModel):
    """How to reach one HubSpot portal, and what of it is read. *org_id* may only stand in an environment's file.

    *api* is the family of paths that is used; ``auto`` takes the newest that the portal answers. A company whose
    lifecycle stage is one of *customer_stages* has the account type Customer; any other whose type is one of
    *partner_types* has the account type Partner. Both are internal values. *currency* is that of money that has none.
    *on_drift* is what becomes of a property of ours that a person has changed since we wrote it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["hubspot"]
    auth: Flow = "service-key"
    token: SecretReference | None = None
    client_id: SecretReference | None = None
    client_secret: SecretReference | None = None
    api: Literal["auto", "2026-09", "2026-03", "v3"] = "auto"
    api_url: Address = "https://api.hubapi.com"
    app_url: Address = "https://app.hubspot.com"
    org_id: PortalId | None = None
    ca_file: Path | None = None
    fallback_owner: RecordId | None = None
    look_back_hours: Annotated[int, Field(ge=0, le=24 * 14)] = 24
    sweep_every_days: Annotated[int, Field(ge=1, le=365)] = 7
    on_drift: Literal["keep", "restore", "hold"] = "keep"
    customer_stages: tuple[str, ...] = ("customer",)
    partner_types: tuple[str, ...] = ("PARTNER", "RESELLER", "VENDOR")
    currency: Currency | None = None
    account_fields: dict[OurName, PropertyName] = {}
    opportunity_fields: dict[OurName, PropertyName] = {}

    @property
    def asks_a_person(self) -> bool:
        """Whether a person must say yes in a browser before the first sign-in, and a token is kept."""
        return self.auth == "oauth"

    def reading(self) -> dict[str, Any]:
        """Return what says which records are read, and into which columns."""
        said = {"customer_stages", "partner_types", "account_fields", "opportunity_fields"}
        return self.model_dump(mode="json", include=said)

    @model_validator(mode="after")
    def _signs_in_one_way(self) -> Self:
        missing = [key for key in _NEEDS[self.auth] if getattr(self, key) is None]
        if missing:
            raise ValueError(f"auth = '{self.auth}' needs {' and '.join(missing)}; add what is missing, or change auth")
        for key in _SECRETS:
            if getattr(self, key) is not None and key not in _NEEDS[self.auth]:
                owners = " or ".join(f"'{flow}'" for flow, keys in _NEEDS.items() if key in keys)
                raise ValueError(f"{key} belongs to auth = {owners}, and auth is '{self.auth}'; remove it, or set auth")
        return self
