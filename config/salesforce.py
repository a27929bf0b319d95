"""How to reach one Salesforce org, and what of it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from config import sign_in
from config.field_map import FieldMap
from config.kinds import Address, Currency, RecordId
from config.secrets import SecretReference


class SalesforceSettings(BaseModel):
    """How to reach one Salesforce org, and what of it is read. *login_url* is its My Domain.

    `config.sign_in` says what each *auth* needs; *audience* is for clouds whose JWTs are not made out to the My Domain.
    *org_id* may only stand in an environment's file. From so many rows (*bulk_read_from*) and changes of one object
    (*bulk_write_from*) on, the Bulk API is used. *on_drift* is what becomes of a field of ours that a person has
    changed since we wrote it. *currency* is the only one of an org that has one: Salesforce does not say which.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["salesforce"]
    login_url: Annotated[Address, AfterValidator(sign_in.my_domain)]
    auth: sign_in.Flow = "client-credentials"
    consumer_key: SecretReference
    consumer_secret: SecretReference | None = None
    username: str | None = None
    private_key: SecretReference | None = None
    audience: Address | None = None
    org_id: RecordId | None = None
    api_version: Annotated[str, BeforeValidator(sign_in.api_version)] = "62.0"
    ca_file: Path | None = None
    fallback_owner: RecordId | None = None
    look_back_hours: Annotated[int, Field(ge=0, le=24 * 14)] = 24
    sweep_every_days: Annotated[int, Field(ge=1, le=365)] = 7
    bulk_read_from: Annotated[int, Field(ge=1)] = 20_000
    bulk_write_from: Annotated[int, Field(ge=1)] = 2_000
    on_drift: Literal["keep", "restore", "hold"] = "keep"
    person_accounts: bool = False
    read_leads: bool = False
    currency: Currency | None = None
    account_fields: FieldMap = {}
    opportunity_fields: FieldMap = {}

    @property
    def asks_a_person(self) -> bool:
        """Whether a person must say yes in a browser before the first sign-in, and a token is kept."""
        return self.auth == "refresh-token"

    @model_validator(mode="before")
    @classmethod
    def _no_password(cls, table: Any) -> Any:
        return sign_in.without_password(table)

    @model_validator(mode="after")
    def _signs_in_one_way(self) -> Self:
        sign_in.require_complete(self.auth, [key for key in sign_in.KEYS if getattr(self, key) is not None])
        return self

    def reading(self) -> dict[str, Any]:
        """Return what says which records are read, and into which columns."""
        return self.model_dump(
            mode="json", include={"person_accounts", "read_leads", "account_fields", "opportunity_fields"}
        )
