"""The typed settings of a workspace. Every default that a person can change stands here, once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from config.companies import CompanySettings
from config.environments import read_tables
from config.explaining import explain
from config.hubspot import HubSpotSettings
from config.kinds import Key, Percent, TimeZone
from config.lists import ListsSettings
from config.partners import PartnerSettings
from config.profiles import ExclusionSettings, IcpSettings, PopulationSettings
from config.rules import require_good_rules, require_known_crm
from config.runs import RunsSettings
from config.salesforce import SalesforceSettings
from config.schedules import ScheduleSettings, ServiceSettings
from config.secrets import SecretReference
from config.telling import TellingSettings, require_known_partners
from overlap.errors import ConfigError


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WorkspaceSettings(_Section):
    """Who we are. *id* goes into every external key and is fixed once. *token_key* encrypts tokens kept on disk."""

    id: Key
    name: str = "Our company"
    time_zone: TimeZone = "UTC"
    flat_fields: bool = True
    token_key: SecretReference | None = None


def _kind(table: Any) -> Any:
    return str(table.get("type") if isinstance(table, dict) else getattr(table, "type", None))


#: Any CRM's settings. The words are ours: pydantic's would repeat what was found, and that may be a secret.
CrmSettings = Annotated[
    Annotated[SalesforceSettings, Tag("salesforce")] | Annotated[HubSpotSettings, Tag("hubspot")],
    Discriminator(_kind, custom_error_type="crm_type", custom_error_message="write 'salesforce' or 'hubspot'"),
]
#: What of a CRM's settings is about writing what was found; `reading` says what is about finding it.
_OF_WRITING = {"fallback_owner", "on_drift"}
#: What of it is about what was read already.
_OF_FINDING = {"currency"}
#: What changes no result, or is looked at by itself.
_OF_NO_RESULT: Any = dict.fromkeys(
    ("crm", "companies", "guards", "lists", "runs", "schedules", "service", "telling"), True
)
#: What of a partner neither a run nor a plan asks.
_OF_NO_RUN: Any = {"source": True, "share": True}
#: What only a pull, a plan or a sign-in asks: matching finds the same whatever it says.
_OF_PLANS: Any = {
    "workspace": {"name", "flat_fields", "token_key"},
    "partners": {
        "__all__": {
            **dict.fromkeys(("name", "files", "source", "share", "expected_every_days"), True),
            "terms": {"fields", "agreement"},
        }
    },
}


class InfluenceSettings(_Section):
    """When evidence becomes a suggestion."""

    look_back_days: Annotated[int, Field(ge=1)] = 180
    most_per_opportunity: Annotated[int, Field(ge=1, le=20)] = 3


class MatchingSettings(_Section):
    """How pairs are weighed. *model* is the name of one in the workspace's ``models/``; None: the one shipped.

    *mode* is the question, the same company or the same account family; *precision* is the share of matches that are
    expected to be true, 0..1.
    """

    model: Key | None = None
    mode: Literal["same", "family"] = "same"
    precision: Annotated[float, Field(ge=0.5, lt=1.0)] = 0.99


class GuardSettings(_Section):
    """What may happen without a person's approval. A count and a share: the larger of both is the limit.

    A file that was written within *list_quiet_s* may not be complete: it is waited for, and left alone while it grows.
    """

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
    list_quiet_s: Annotated[int, Field(ge=0, le=600)] = 2
    api_budget_percent: Percent = 25
    api_total_percent: Percent = 80


class Settings(BaseSettings):
    """All of ``overlap.toml``. An environment variable ``OVERLAP_<SECTION>__<KEY>`` overrides the file."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="OVERLAP_",
        env_nested_delimiter="__",
        case_sensitive=False,
        hide_input_in_errors=True,  # what was found may be a secret, and tracebacks are shown around
    )

    workspace: WorkspaceSettings
    crm: dict[Key, CrmSettings] = {}
    partners: dict[Key, PartnerSettings] = {}
    companies: CompanySettings = CompanySettings()
    populations: PopulationSettings = PopulationSettings()
    exclusions: dict[Key, ExclusionSettings] = {}
    icp: IcpSettings = IcpSettings()
    matching: MatchingSettings = MatchingSettings()
    influence: InfluenceSettings = InfluenceSettings()
    guards: GuardSettings = GuardSettings()
    lists: ListsSettings = ListsSettings()
    telling: TellingSettings = TellingSettings()
    runs: RunsSettings = RunsSettings()
    schedules: dict[Key, ScheduleSettings] = {}
    service: ServiceSettings = ServiceSettings()

    @model_validator(mode="after")
    def _labels_differ(self) -> Self:
        labels: dict[str, str] = {}
        for key, partner in self.partners.items():
            other = labels.setdefault(partner.name.casefold(), key)
            if other != key:
                raise ValueError(
                    f"partners '{other}' and '{key}' have one name, '{partner.name}'; people could not tell"
                )
        return self

    def crm_order(self) -> tuple[str, ...]:
        """Return the names of the CRMs, first the one that speaks for a company that several have."""
        first = self.companies.population_from
        return tuple(sorted(self.crm, key=lambda name: name != first))

    def fingerprint(self) -> str:
        """Return 16 hex digits that change when a setting changes a result. How to sign in is not among them."""
        facts: dict[str, Any] = self.model_dump(
            mode="json",
            exclude={**_OF_NO_RESULT, "workspace": {"token_key"}, "partners": {"__all__": _OF_NO_RUN}},
        )
        facts["crm"] = {
            name: crm.reading() | crm.model_dump(mode="json", include=_OF_WRITING) | _of_finding(crm)
            for name, crm in self.crm.items()
        }
        return _digest(facts | self._together())

    def run_fingerprints(self) -> dict[str, str]:
        """Return for each section 16 hex digits that change when it changes what a run finds.

        What only a plan asks is not among it: a run that was found before such a change still holds.
        """
        facts: dict[str, Any] = self.model_dump(mode="json", exclude={**_OF_PLANS, **_OF_NO_RESULT})
        facts["crm"] = {name: crm.reading() | _of_finding(crm) for name, crm in self.crm.items()}
        return {section: _digest(said) for section, said in (facts | self._together()).items()}

    def each_fingerprint(self) -> dict[str, dict[str, str]]:
        """Return what `run_fingerprints` does, for each partner (``by_partner``) and CRM (``by_crm``) by itself."""
        partners = self.model_dump(mode="json", include={"partners"}, exclude=_OF_PLANS)["partners"]
        crms = {name: crm.reading() | _of_finding(crm) for name, crm in self.crm.items()}
        return {
            "by_partner": {key: _digest(said) for key, said in partners.items()},
            "by_crm": {name: _digest(said) for name, said in crms.items()},
        }

    def _together(self) -> dict[str, Any]:
        """Return what decides where several CRMs have one company; the order of their tables is part of it."""
        if len(self.crm) < 2:
            return {}
        return {"companies": {"order": self.crm_order(), "same_deal": self.companies.same_deal}}


def _of_finding(crm: CrmSettings) -> dict[str, Any]:
    """Return what is set of it: a key that a new version knows, and nobody set, changes no fingerprint."""
    return crm.model_dump(mode="json", include=_OF_FINDING, exclude_none=True)


def _digest(facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


class _FromFiles(Settings):
    """Settings whose one argument, *files*, is what the files say; the environment stands over it."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        assert isinstance(init_settings, InitSettingsSource)
        return env_settings, InitSettingsSource(settings_cls, init_settings.init_kwargs["files"])


def load(path: Path, environment: str | None = None) -> Settings:
    """Read *path*, and over it the file of *environment*, and check every key and value.

    Raises:
        ConfigError: a file is missing, is no TOML, or has a wrong key or value; the message names file, key and
            remedy.
    """
    tables = read_tables(path, environment)
    try:
        settings = _FromFiles(files=dict(tables.merged))  # type: ignore[call-arg]  # see there
    except SettingsError as error:
        raise ConfigError(f"the environment: {error}; set single keys, as in OVERLAP_WORKSPACE__NAME") from error
    except ValidationError as error:
        raise ConfigError("\n".join(explain(tables, item, Settings) for item in error.errors())) from error
    try:
        require_known_crm(settings)
        require_good_rules(settings)
        require_known_partners(settings)
    except ConfigError as error:
        raise ConfigError("\n".join(f"{path}: {line}" for line in str(error).splitlines())) from error
    return settings
