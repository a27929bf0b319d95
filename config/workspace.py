"""A workspace: one folder with ``overlap.toml``, what partners sent, and what we know."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

from config.kinds import known_zone
from config.settings import Settings, load
from overlap.errors import ConfigError

SETTINGS_FILE = "overlap.toml"
_FOLDERS = ("inbox", "lists", "quarantine", "runs")


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where everything of one workspace is. *environment* is the one whose settings were chosen; None means none."""

    folder: Path
    settings: Settings
    environment: str | None = None

    @property
    def settings_files(self) -> str:
        """What the settings were read from, for people."""
        over = f" and {SETTINGS_FILE.removesuffix('.toml')}.{self.environment}.toml" if self.environment else ""
        return f"{self.folder / SETTINGS_FILE}{over}"

    @property
    def ledger_file(self) -> Path:
        """What cannot be pulled again: back it up."""
        return self.folder / "ledger.sqlite"

    @property
    def warehouse_file(self) -> Path:
        """What the CRM said; may be deleted, the next pull is then a full one."""
        return self.folder / "warehouse.duckdb"

    @property
    def lists(self) -> Path:
        """Partner lists as accepted, each named by the sha256 of its bytes: back them up."""
        return self.folder / "lists"

    @property
    def statistics(self) -> Path:
        """Word statistics that runs were weighed by, each named by the sha256 of its bytes: back them up."""
        return self.folder / "stats"

    @property
    def quarantine(self) -> Path:
        """Rows of partner lists that could not be taken, with the reason."""
        return self.folder / "quarantine"

    @property
    def runs(self) -> Path:
        """What each run found; immutable."""
        return self.folder / "runs"

    @property
    def logs(self) -> Path:
        """What each run said, one file each."""
        return self.folder / "logs"

    @property
    def shares(self) -> Path:
        """What each partner may see of a run, one file each; made anew by 'overlap share'."""
        return self.folder / "shares"

    @property
    def shared(self) -> Path:
        """The files that were made for partners, in a folder for each."""
        return self.folder / "shared"

    @property
    def templates(self) -> Path:
        """Templates of messages that people edit; what is not there is taken from ours."""
        return self.folder / "templates"

    @property
    def reviews(self) -> Path:
        """Workbooks that ask partner managers about doubtful pairs, a folder for each partner."""
        return self.folder / "reviews"

    @property
    def briefs(self) -> Path:
        """Briefs on partners, for ourselves alone."""
        return self.folder / "briefs"

    @property
    def tokens(self) -> Path:
        """Refresh tokens, encrypted: 'overlap connect' makes them anew."""
        return self.folder / "tokens"

    @property
    def lock_file(self) -> Path:
        """Held by the one process that changes this workspace."""
        return self.folder / ".lock"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which people here read dates."""
        return ZoneInfo(self.settings.workspace.time_zone)


def open_workspace(folder: Path, environment: str | None = None) -> Workspace:
    """Return the workspace in *folder*, with what *environment* says over its settings.

    Raises:
        ConfigError: *folder* is no workspace, its settings are wrong, or there is no such environment.
    """
    path = folder / SETTINGS_FILE
    if not path.is_file():
        raise ConfigError(
            f"{folder.resolve()} is no workspace: it has no {SETTINGS_FILE}; "
            f"go to one, name it with --dir, or make one with 'overlap init DIR'"
        )
    return Workspace(folder.resolve(), load(path, environment), environment)


def init(folder: Path, name: str | None = None, time_zone: str = "UTC") -> Path:
    """Make *folder* a workspace and return its settings file. What is there already stays.

    Raises:
        ConfigError: *folder* is a workspace already, or cannot be written, or *time_zone* is none.
    """
    path = folder / SETTINGS_FILE
    if path.exists():
        raise ConfigError(f"{path} is there already; nothing was changed")
    try:
        known_zone(time_zone)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    try:
        for part in _FOLDERS:
            (folder / part).mkdir(parents=True, exist_ok=True)
        template = resources.files("config").joinpath("defaults/overlap.toml").read_text(encoding="utf-8")
        label = name or folder.resolve().name or "Our company"
        text = template.format(id=_new_id(label), name=_quoted(label), time_zone=time_zone)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder} cannot be made a workspace: {error.strerror}") from error
    return path


def _quoted(label: str) -> str:
    """Return *label* as it stands between the quotes of a TOML string, which escapes what JSON does and DEL."""
    return json.dumps(label, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")


def _new_id(label: str) -> str:
    """Return an id that no other workspace has: the label, made plain, and six random characters."""
    plain = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:24].strip("-") or "workspace"
    return f"{plain}-{secrets.token_hex(3)}"
