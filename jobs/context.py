"""What every job needs: the workspace, its ledger, the time of the run, who runs it, and where to report progress."""

from __future__ import annotations

import getpass
import importlib
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

from config.secrets import resolve
from config.settings import CrmSettings
from config.workspace import Workspace
from connectors.base import Connection, Vault
from jobs.past.logs import Journal, numbers, prune
from jobs.service import logs, retries, stopping
from jobs.stores import api_calls
from jobs.stores.api_calls import Meter
from jobs.stores.ledger import Ledger, open_ledger, utc_now
from jobs.stores.runs import close_crashed
from jobs.upkeep.settings_noted import note_settings
from overlap.errors import ConfigError, OverlapError
from overlap.redaction import redacted

#: Takes one line of progress for a person and, where it is known, the share that is done, 0..1.
Report = Callable[[str, float | None], None]


def _silent(message: str, share: float | None) -> None:
    del message, share


@dataclass(frozen=True, slots=True)
class Context:
    """*now* is the UTC time at which the job began, *began_s* the same on the clock that nobody sets.

    *part_of* is the whole run that the job is a part of; None: it is one itself. *journal* keeps the run's log.
    """

    workspace: Workspace
    ledger: Ledger
    now: datetime
    who: str
    progress: Report = _silent
    began_s: float = field(default_factory=monotonic)
    part_of: int | None = None
    journal: Journal = field(default_factory=Journal)

    def by_now(self) -> datetime:
        """Return the UTC time as it is by now."""
        return self.now + timedelta(seconds=monotonic() - self.began_s)

    def report(self, message: str, share: float | None = None) -> None:
        """Tell the person who waits what is going on, and the log of the run."""
        self.progress(message, share)
        self.journal.say(message)

    @property
    def today(self) -> date:
        """The day of the job in the workspace's time zone."""
        return self.now.astimezone(self.workspace.zone).date()

    def crms(self) -> tuple[str, ...]:
        """Return the names of the CRM connections.

        Raises:
            ConfigError: there is none.
        """
        names = tuple(self.workspace.settings.crm)
        if not names:
            raise ConfigError(
                f"{self.workspace.folder / 'overlap.toml'}: there is no CRM; fill in [crm.salesforce] or [crm.hubspot] "
                f"(the workspace that 'overlap demo' makes has a complete one)"
            )
        return names


@contextmanager
def open_context(workspace: Workspace, progress: Report = _silent) -> Iterator[Context]:
    """Open *workspace*'s ledger for one job of the person at the keyboard."""
    retries.tell_in_the_log()
    with open_ledger(workspace.ledger_file, workspace.settings.workspace.id) as ledger:
        context = Context(workspace, ledger, utc_now(), whoami(), progress)
        note_settings(ledger, workspace, context.who, context.now)
        yield context


@contextmanager
def recorded(context: Context, verb: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Open a run of *verb* in the ledger and close it, as ``failed`` if an error comes through.

    Yields the run's number and its summary, to be filled in. What the jobs in it record is part of it where their
    context says so; a whole run has a log, and closes what crashed before it.

    Raises:
        StoppedError: somebody wants this process to end.
    """
    stopping.require_going_on()
    ledger, journal, is_whole = context.ledger, context.journal, context.part_of is None
    folder = context.workspace.logs
    if is_whole:
        close_crashed(ledger, folder)
    # A ledger restored from a backup may be behind the folders of runs, and the logs, that it does not know.
    known = (int(run.name) for run in context.workspace.runs.glob("*") if run.name.isdecimal())
    above = max([*known, *numbers(folder)], default=0)
    ready = partial(journal.begin, folder) if is_whole else None
    calls = journal.calls
    try:
        run_id = ledger.start_run(verb, utc_now(), above, ready, part_of=context.part_of, who=context.who)
        with journal.part(run_id), logs.bound(run=run_id, verb=verb):
            journal.say(f"{verb} begins")
            logs.info("began")
            began_s = monotonic()
            summary: dict[str, Any] = {}
            state = "failed"
            try:
                yield run_id, summary
                state = "done"
            except BaseException as error:
                is_stopped = stopping.is_asked() or not isinstance(error, Exception)
                state = "interrupted" if is_stopped else "failed"
                summary["error"] = redacted(str(error)) or type(error).__name__
                # Of an error that is not ours, nobody knows what its text repeats.
                journal.say(summary["error"] if isinstance(error, OverlapError) else type(error).__name__, "error")
                raise
            finally:
                if journal.calls > calls:
                    summary.setdefault("calls", journal.calls - calls)
                ledger.finish_run(run_id, state, utc_now(), summary)
                journal.say(f"{verb}: {state}")
                logs.info("ended", state=state, seconds=round(monotonic() - began_s, 1), peak_mb=_peak_mb())
    finally:
        if is_whole:
            journal.end()
            prune(folder)


def _peak_mb() -> float:
    """Return the most memory that this process has had so far: what `[service] memory_mb` must leave room for."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1_000_000, 1)


@contextmanager
def connected(context: Context, crm: str) -> Iterator[Connection]:
    """Sign in to *crm* and make sure that it is the org of this workspace.

    Raises:
        ConfigError: the settings have no *crm*.
        AccessError: the org cannot be reached, or is another one.
    """
    with counted(context, crm) as (connection, _):
        yield connection


@contextmanager
def counted(context: Context, crm: str) -> Iterator[tuple[Connection, Meter]]:
    """Do what `connected` does, and say what counts its calls in the ledger: a kill leaves what stands there."""
    workspace = context.workspace
    connector, settings = connector_of(context, crm)
    ours = workspace.settings.workspace
    vault = vault_of(workspace)
    with closing(connector.connect(crm, settings, ours.id, vault, workspace.folder, ours.flat_fields)) as connection:
        context.ledger.require_same_org(crm, connection.org_id)
        meter = api_calls.start(context.ledger, crm, context.now)
        try:
            yield connection, meter
        finally:
            context.journal.calls += connection.api_calls_made()
            with context.ledger.engine.begin() as transaction:
                meter.count(transaction, connection.api_calls_made(), context.by_now())


def connector_of(context: Context, crm: str) -> tuple[Any, CrmSettings]:
    """Return the connector of *crm*, a package of `connectors`, and its settings.

    Raises:
        ConfigError: the settings have no *crm*.
    """
    require_crm(context, crm)
    settings = context.workspace.settings.crm[crm]
    return importlib.import_module(f"connectors.{settings.type}"), settings


def require_crm(context: Context, crm: str) -> None:
    """Make sure that the settings have *crm*.

    Raises:
        ConfigError: they do not.
    """
    if crm not in context.crms():
        raise ConfigError(f"there is no crm '{crm}'; known: {', '.join(context.crms())}")


def vault_of(workspace: Workspace) -> Vault:
    """Return where the connectors of *workspace* get their secrets, and keep their tokens."""
    from jobs.stores.tokens import MAKE_ONE, FileTokens  # few need the cipher

    secret = partial(resolve, folder=workspace.folder)

    def key() -> str:
        reference = workspace.settings.workspace.token_key
        if reference is None:
            raise ConfigError(
                f"{workspace.folder / 'overlap.toml'}: workspace.token_key is missing: tokens are kept encrypted; "
                f'{MAKE_ONE}, keep it outside this folder, and write token_key = "env:OVERLAP_TOKEN_KEY" or the like'
            )
        return secret(reference)

    return Vault(secret, FileTokens(workspace.tokens, key))


def whoami() -> str:
    """Return the name of the person at the keyboard, as the machine has it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
