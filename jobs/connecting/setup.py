"""Setup: bring overlap's objects, fields and permission sets into an org, in steps that a person sees first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from config.salesforce import SalesforceSettings
from connectors.salesforce.check import asked_for
from connectors.salesforce.columns import Wishes, readings
from connectors.salesforce.connection import wishes_of
from connectors.salesforce.mapping import Look
from connectors.salesforce.record_access import user_id
from connectors.salesforce.session import SalesforceSession
from connectors.salesforce.setup import layout, source
from connectors.salesforce.setup.assignment import Assignment, assign, users
from connectors.salesforce.setup.difference import Action, Step, compared, to_deploy
from connectors.salesforce.setup.fields import Wanted
from connectors.salesforce.setup.layout import LayoutChange
from connectors.salesforce.setup.metadata_api import Deployed, at_work, deploy, ended
from connectors.salesforce.setup.permissions import FOR_WHOM
from connectors.salesforce.setup.wishes import more_to_read
from jobs.context import Context, connected
from overlap.errors import ConfigError, OverlapError


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """What a setup would do in one org."""

    crm: str
    org_id: str
    steps: tuple[Step, ...]
    #: Deployments of ours that the org has not ended: what they bring may be missing in *steps*.
    at_work: tuple[str, ...] = ()
    #: What the settings map and this user does not see: a field that is not there makes the org refuse everything.
    doubts: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.action in (Action.CREATE, Action.CHANGE))

    @property
    def hidden(self) -> tuple[Step, ...]:
        """What is in the org and hidden from this user: the permission set shows it."""
        return tuple(step for step in self.steps if step.action is Action.HIDDEN)

    @property
    def clashes(self) -> tuple[Step, ...]:
        """The steps that only a person can settle."""
        return tuple(step for step in self.steps if step.action is Action.CLASH)

    @property
    def notes(self) -> tuple[Step, ...]:
        """What stays as it is, and should be known."""
        return tuple(step for step in self.steps if step.action is Action.KEEP and step.detail)


@dataclass(frozen=True, slots=True)
class Written:
    """*files* were written. *project* is a file of the admin's that was there and stays, None if there was none.

    *blind* says why the org could not be asked, None if it was.
    """

    files: tuple[Path, ...]
    project: Path | None
    blind: str | None


@dataclass(frozen=True, slots=True)
class SetupReport:
    """What was done. *assigned* are new assignments, *kept* those that were there already."""

    plan: SetupPlan
    deployed: Deployed | None
    assigned: tuple[Assignment, ...] = ()
    kept: tuple[Assignment, ...] = ()


def plan(context: Context, crm: str) -> SetupPlan:
    """Return what there is to do. Changes nothing."""
    with _session(context, crm) as session:
        return _plan(context, crm, session)[1]


def apply(
    context: Context, crm: str, assignments: Sequence[Assignment], agreed: Callable[[SetupPlan], None]
) -> SetupReport:
    """Deploy what differs, after a rehearsal in the org, and make *assignments*.

    *agreed* is shown what there is to do, and raises if the person says no.

    Raises:
        ConfigError: a field of the org stands in the way, or a user does not exist.
        AccessError: we may not deploy.
    """
    with _session(context, crm) as session:
        ids = users(session, assignments)
        for number in at_work(session, user_id(session)):
            context.report(f"waiting for deployment {number}, which an earlier run began")
            ended(session, number)
        wanted, made = _plan(context, crm, session)
        _require_no_clash(made)
        deployed = None
        if made.changes:
            agreed(made)
            deployed = _deploy(context, session, source.package(to_deploy(wanted, made.steps)))
            what = {"crm": crm, "changes": len(made.changes), "deployed": deployed.ok}
            context.ledger.note(context.who, "set up CRM", what, context.now)
            if not deployed.ok:
                return SetupReport(made, deployed)
        done = [(one, assign(session, one, ids[one.username])) for one in assignments]
    given = tuple(one for one, is_new in done if is_new)
    return SetupReport(made, deployed, given, tuple(one for one, is_new in done if not is_new))


def add_to_layout(context: Context, crm: str, name: str, agreed: Callable[[LayoutChange], None]) -> Deployed | None:
    """Add our section to the page layout called *name*; None if it has everything. *agreed* as in `apply`."""
    with _session(context, crm) as session:
        change = layout.layout_change(session, name)
        if change.before == change.after:
            return None
        agreed(change)
        return layout.change_layout(session, change)


def write(context: Context, crm: str | None, folder: Path) -> Written:
    """Write the source of everything into *folder*, for an admin who deploys it with Salesforce's own tool.

    The fields that the org has are written as they are there, with what they lack. An org that cannot be asked is no
    obstacle: for a first setup there is nothing to ask.

    Raises:
        ConfigError: a field of the org stands in the way.
    """
    wanted, made, blind = _wanted(context, crm, lambda _: None), None, None
    try:
        if crm is not None:
            with _session(context, crm) as session:
                wanted, made = _plan(context, crm, session)
    except OverlapError as error:
        blind = str(error)
    if made is not None:
        _require_no_clash(made)
    files = source.write(source.components(wanted), folder)
    project = folder / source.PROJECT_FILE
    return Written(tuple(files), None if project in files else project, blind)


def to_assign() -> list[str]:
    """Return one sentence per permission set: for whom it is."""
    return [f"{name}: {who}" for name, who in FOR_WHOM.items()]


def _plan(context: Context, crm: str, session: SalesforceSession) -> tuple[Wanted, SetupPlan]:
    context.report("comparing with the org")
    running, look = at_work(session, user_id(session)), cache(session.describe)
    wishes = wishes_of(_settings(context, crm))
    found = [asked_for(session.where, reading, wishes, look)[1] for reading in readings("")]
    doubts = [finding.detail for findings in found for finding in findings]
    wanted, steps = compared(session, _wanted(context, crm, look))
    return wanted, SetupPlan(crm, session.org_id, tuple(steps), tuple(running), tuple(doubts))


def _require_no_clash(made: SetupPlan) -> None:
    if made.clashes:
        listed = "; ".join(f"{step.name}: {step.detail}" for step in made.clashes)
        raise ConfigError(f"crm '{made.crm}': the org has fields of our names that are not ours: {listed}")


def _deploy(context: Context, session: SalesforceSession, package: bytes) -> Deployed:
    context.report("rehearsing the deployment in the org")
    rehearsed = deploy(session, package, check_only=True)
    if not rehearsed.ok:
        return rehearsed
    context.report("deploying")
    return deploy(session, package, check_only=False)


def _wanted(context: Context, crm: str | None, look: Look) -> Wanted:
    settings = context.workspace.settings
    names = sorted(partner.name for partner in settings.partners.values())
    wishes = Wishes() if crm is None else wishes_of(_settings(context, crm))
    return Wanted(tuple(names), settings.workspace.flat_fields, more_to_read(wishes, look))


def _settings(context: Context, crm: str) -> SalesforceSettings:
    settings = context.workspace.settings.crm[crm]
    if not isinstance(settings, SalesforceSettings):
        raise ConfigError(f"crm '{crm}' is no Salesforce org; run 'overlap setup {settings.type} {crm}'")
    return settings


@contextmanager
def _session(context: Context, crm: str) -> Iterator[SalesforceSession]:
    """Sign in to *crm* and make sure that it is the org of this workspace."""
    _settings(context, crm)
    with connected(context, crm) as connection:
        yield connection.session  # type: ignore[attr-defined]  # only Salesforce has something to set up
