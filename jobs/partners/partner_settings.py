"""Add a partner to the settings, and take one out: what will become of its records is said beforehand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import polars as pl
from pydantic import TypeAdapter, ValidationError

from config.editing import add_partner, remove_partner
from config.environments import known_environments, read_tables
from config.kinds import Key
from config.partners import PartnerSettings
from config.sources import kind
from config.workspace import SETTINGS_FILE
from connectors.files.source import newest_list
from jobs.context import Context
from jobs.partners.partner_names import remember, remember_files
from jobs.partners.partner_views import require_partner
from jobs.stores import lists, snapshot
from jobs.stores.lock import workspace_lock
from overlap.errors import ConfigError
from overlap.fields import INFLUENCE, OVERLAP
from overlap.keys import external_key


@dataclass(frozen=True, slots=True)
class Added:
    """*lists* counts what was accepted of the partner before, if it was one already."""

    partner: str
    name: str
    settings: str
    lists: int


@dataclass(frozen=True, slots=True)
class Removal:
    """What taking *partner* out means: *overlaps* retire, *suggestions* are withdrawn, *confirmed* influence stays.

    They are what the CRMs said at the last pull. *lists* stay as they are on disk.
    """

    partner: str
    name: str
    overlaps: int
    suggestions: int
    confirmed: int
    lists: int


def add(context: Context, key: str, said: Mapping[str, str], source: Mapping[str, str]) -> Added:
    """Write ``[partners.KEY]`` with what is *said* (name, files, perhaps population) into the settings.

    *source* is its table of the same name, for files that lie elsewhere; see `config.sources`.

    Raises:
        ConfigError: the key, or what is said, does not fit, or is taken.
    """
    path = context.workspace.folder / SETTINGS_FILE
    _require_free(context, key, said["name"])
    whole = {**said, **({"source": dict(source)} if source else {})}
    try:
        settings = PartnerSettings.model_validate(whole)
    except ValidationError as error:
        raise ConfigError(_in_words(error, key)) from error
    if kind(settings.files) is None:
        newest_list(settings.files, context.workspace.folder)  # refuses what a pull would refuse
    with workspace_lock(context.workspace.lock_file):
        add_partner(path, key, whole)
    context.ledger.note(context.who, "added partner", {"partner": key, **whole}, context.now)
    return Added(key, said["name"], str(path), len(lists.history(context.ledger, key)))


def what_removal_means(context: Context, partner: str) -> Removal:
    """Return what will become of the records of *partner* when it is taken out.

    Raises:
        ConfigError: there is no such partner, or an environment's file speaks of it too.
    """
    require_partner(context, partner)
    path = context.workspace.folder / SETTINGS_FILE
    for environment in known_environments(path):
        if partner in (read_tables(path, environment).over.get("partners") or {}):
            over = f"{path.stem}.{environment}.toml"
            raise ConfigError(f"{over} speaks of '{partner}' too: take [partners.{partner}] out there first, by hand")
    overlaps, suggestions, confirmed = _records(context, partner)
    name = context.workspace.settings.partners[partner].name
    return Removal(partner, name, overlaps, suggestions, confirmed, len(lists.history(context.ledger, partner)))


def remove(context: Context, partner: str) -> Removal:
    """Take *partner* out of the settings: the next run retires what is in the CRMs of it. Nothing is deleted there.

    Raises:
        ConfigError: see `what_removal_means`; or the file cannot be edited by a program.
    """
    means = what_removal_means(context, partner)
    with workspace_lock(context.workspace.lock_file):
        # Before: an erasure goes by it, also of a partner that was never pulled.
        remember(context.ledger, {means.name: partner})
        remember_files(context.ledger, {partner: context.workspace.settings.partners[partner].files})
        remove_partner(context.workspace.folder / SETTINGS_FILE, partner)
    context.ledger.note(context.who, "removed partner", asdict(means), context.now)
    return means


def _in_words(error: ValidationError, key: str) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in (f"partners.{key}", *first["loc"]))
    # What was found is not repeated where a secret may have been written.
    found = f" (found {first['input']!r})" if isinstance(first["input"], str) and "source" not in first["loc"] else ""
    return f"{place}: {first['msg'].removeprefix('Value error, ')}{found}"


def _require_free(context: Context, key: str, name: str) -> None:
    try:
        TypeAdapter(Key).validate_python(key)
    except ValidationError as error:
        plain = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")[:40] or "globex"
        raise ConfigError(
            f"'{key}' is no key: write small letters, digits and hyphens, at most 40, like '{plain}'; "
            f"it goes into every record and never changes"
        ) from error
    partners = context.workspace.settings.partners
    if key in partners:
        raise ConfigError(f"there is a partner '{key}' already: '{partners[key].name}'; take another key")
    same = next((other for other, one in partners.items() if one.name.casefold() == name.casefold()), None)
    if same is not None:
        raise ConfigError(f"partner '{same}' has the name '{name}' already; people could not tell them apart")
    known = context.ledger.pins("partner:")
    before = next((old for old, of in known.items() if of == name and old not in partners and old != key), None)
    if before is not None and key not in known:
        raise ConfigError(f"'{name}' was partner '{before}' before; its records bear that key: add it as '{before}'")


def _records(context: Context, partner: str) -> tuple[int, int, int]:
    """Return overlaps in force, current suggestions and confirmed influence of *partner*, as the last run saw them."""
    run_id = context.ledger.pinned("published_run")
    if run_id is None or not snapshot.exists(context.workspace.runs, run_id):
        return 0, 0, 0
    names = (f"record_{OVERLAP.name}", f"record_{INFLUENCE.name}")
    key = external_key(context.workspace.settings.workspace.id, partner, "", "partner")
    ours, claims = (
        said.filter((pl.col("partner") == key) & ~pl.col("is_deleted"))
        for said in snapshot.read(context.workspace.runs, run_id, *names)
    )
    is_confirmed = pl.col("status").eq_missing(pl.lit("Confirmed"))
    return (
        ours.filter(status="Active").height,
        claims.filter(~is_confirmed, suggestion_state="Current").height,
        claims.filter(is_confirmed).height,
    )
