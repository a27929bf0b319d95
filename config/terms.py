"""``[partners.X.terms]``: what a partner allows us to do with its list. See `overlap.terms`."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

Use = Literal["analysis", "crm", "digest"]
Shown = Literal["name", "website", "phone", "address", "population", "owner_name", "owner_email", "claim"]


class TermsSettings(BaseModel):
    """*uses* is what the list may serve, *fields* what of it may be written to a CRM; by default all of both.

    *expires* is the last day, *agreement* names the paper that says so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    uses: tuple[Use, ...] = ("analysis", "crm", "digest")
    fields: tuple[Shown, ...] = (
        *("name", "website", "phone", "address"),
        *("population", "owner_name", "owner_email", "claim"),
    )
    expires: date | None = None
    agreement: str | None = None

    @model_validator(mode="after")
    def _are_looked_at(self) -> Self:
        if self.uses and "analysis" not in self.uses:
            raise ValueError(
                f"uses = {list(self.uses)}: what is not matched cannot be written or sent; add 'analysis', or write []"
            )
        return self
