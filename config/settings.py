"""The typed settings of a workspace. Every default that a person can change stands here, once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from config.secrets import SecretReference
from overlap.model import OTHER, POPULATIONS

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
PopulationName = Literal["Customers", "Open Opportunities", "Prospects", "Other"]
Percent = Annotated[int, Field(ge=0, le=100)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"'{name}' is no time zone; write one like 'Europe/Berlin' or 'UTC'") from error
    return name


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WorkspaceSettings(_Section):
    """Who we are. *id* goes into every external key and is fixed once."""

    id: Key
    name: str = "Our company"
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    flat_fields: bool = True


class SalesforceSettings(_Section):
    """How to reach one Salesforce org. *login_url* is its My Domain."""

    type: Literal["salesforce"]
    login_url: Annotated[str, StringConstraints(pattern=r"^https://[^/\s]+$")]
    consumer_key: SecretReference
    consumer_secret: SecretReference
    api_version: Annotated[str, StringConstraints(pattern=r"^\d{2}\.0$")] = "62.0"
    ca_file: Path | None = None
    fallback_owner: str | None = None
    look_back_hours: Annotated[int, Field(ge=0, le=24 * 14)] = 24
    sweep_every_days: Annotated[int, Field(ge=1, le=365)] = 7


class PartnerSettings(_Section):
    """One partner and the list it sends. The table's key is fixed once; *name* is only a label.

    *headings* maps our column to the partner's heading where it is not recognised by itself; *populations* maps the
    values of the partner's status column to our populations.
    """

    name: str
    files: str
    population: PopulationName = "Customers"
    populations: dict[str, PopulationName] = {}
    headings: dict[str, str] = {}
    encoding: str | None = None
    sheet: str | None = None
    account: str | None = None
    expected_every_days: Annotated[int, Field(ge=1, le=730)] = 35


class PopulationSettings(_Section):
    """Which of our accounts are what. An account's cell is the first of *order* that it is in."""

    customer_types: tuple[str, ...] = ("Customer", "Customer - Direct", "Customer - Channel")
    won_means_customer: bool = True
    other_types: tuple[str, ...] = (
        "Partner",
        "Channel Partner / Reseller",
        "Technology Partner",
        "Installation Partner",
        "Competitor",
        "Vendor",
    )
    order: tuple[PopulationName, ...] = POPULATIONS


class ListCriterion(_Section):
    """Part of the ICP: the account's value is one of *values*."""

    weight: Annotated[int, Field(ge=0)] = 0
    values: tuple[str, ...] = ()


class RangeCriterion(_Section):
    """Part of the ICP: the account's headcount lies in [*at_least*, *at_most*]; near it earns part of the weight."""

    weight: Annotated[int, Field(ge=0)] = 0
    at_least: int | None = None
    at_most: int | None = None


class IcpSettings(_Section):
    """Our ideal customer profile. Fit is earned weight over all weight, 0..100; tiers are by least fit."""

    industry: ListCriterion = ListCriterion()
    headcount: RangeCriterion = RangeCriterion()
    country: ListCriterion = ListCriterion()
    tier_a: Percent = 70
    tier_b: Percent = 40


class InfluenceSettings(_Section):
    """When evidence becomes a suggestion."""

    look_back_days: Annotated[int, Field(ge=1)] = 180
    most_per_opportunity: Annotated[int, Field(ge=1, le=20)] = 3


class GuardSettings(_Section):
    """What may happen without a person's approval. A count and a share: the larger of both is the limit."""

    retirements: int = 20
    retirements_percent: Percent = 5
    retirements_partner_percent: Percent = 50
    creates: int = 200
    creates_percent: Percent = 20
    updates: int = 20
    updates_percent: Percent = 30
    list_rows_lost: int = 50
    list_rows_lost_percent: Percent = 20
    list_keys_lost_percent: Percent = 10
    list_rejects: int = 5
    list_rejects_percent: Percent = 1
    api_budget_percent: Percent = 25


class Settings(BaseSettings):
    """All of ``overlap.toml``. An environment variable ``OVERLAP_<SECTION>__<KEY>`` overrides the file."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="OVERLAP_", env_nested_delimiter="__", case_sensitive=False
    )
    toml_path: ClassVar[Path]

    workspace: WorkspaceSettings
    crm: dict[Key, SalesforceSettings] = {}
    partners: dict[Key, PartnerSettings] = {}
    populations: PopulationSettings = PopulationSettings()
    icp: IcpSettings = IcpSettings()
    influence: InfluenceSettings = InfluenceSettings()
    guards: GuardSettings = GuardSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=cls.toml_path)

    def fingerprint(self) -> str:
        """Return 16 hex digits that change when a setting changes a result. How to sign in is not among them."""
        facts: dict[str, Any] = self.model_dump(mode="json", exclude={"crm": True, "guards": True})
        facts["crm"] = {name: {"fallback_owner": crm.fallback_owner} for name, crm in self.crm.items()}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


__all__ = ["OTHER", "Settings"]
