"""Setup: bring overlap's objects, fields and permission sets into an org, in steps that a person sees first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.salesforce.session import SalesforceSession
from connectors.salesforce.setup import layout, source
from connectors.salesforce.setup.assignment import Assignment, assign, users
from connectors.salesforce.setup.difference import Action, Step, compared, to_deploy
from connectors.salesforce.setup.fields import Wanted
from connectors.salesforce.setup.layout import LayoutChange
from connectors.salesforce.setup.metadata_api import Deployed, deploy
from connectors.salesforce.setup.permissions import FOR_WHOM
from jobs.context import Context, connected
from overlap.errors import ConfigError


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """What a setup would do in one org."""

    crm: str
    org_id: str
    steps: tuple[Step, ...]

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
        wanted, made = _plan(context, crm, session)
        if made.clashes:
            listed = "; ".join(f"{step.name}: {step.detail}" for step in made.clashes)
            raise ConfigError(f"{session.where}: the org has fields of our names that are not ours: {listed}")
        deployed = None
        if made.changes:
            agreed(made)
            deployed = _deploy(context, session, source.package(to_deploy(wanted, made.steps)))
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


def write(context: Context, folder: Path) -> list[Path]:
    """Write the source of everything into *folder*, for an admin who deploys it with Salesforce's own tool."""
    return source.write(source.components(_wanted(context)), folder)


def to_assign() -> list[str]:
    """Return one sentence per permission set: for whom it is."""
    return [f"{name}: {who}" for name, who in FOR_WHOM.items()]


def _plan(context: Context, crm: str, session: SalesforceSession) -> tuple[Wanted, SetupPlan]:
    context.report("comparing with the org")
    wanted, steps = compared(session, _wanted(context))
    return wanted, SetupPlan(crm, session.org_id, tuple(steps))


def _deploy(context: Context, session: SalesforceSession, package: bytes) -> Deployed:
    context.report("rehearsing the deployment in the org")
    rehearsed = deploy(session, package, check_only=True)
    if not rehearsed.ok:
        return rehearsed
    context.report("deploying")
    return deploy(session, package, check_only=False)


def _wanted(context: Context) -> Wanted:
    settings = context.workspace.settings
    names = sorted(partner.name for partner in settings.partners.values())
    return Wanted(tuple(names), settings.workspace.flat_fields)


@contextmanager
def _session(context: Context, crm: str) -> Iterator[SalesforceSession]:
    """Sign in to *crm* and make sure that it is the org of this workspace."""
    with connected(context, crm) as connection:
        yield connection.session  # type: ignore[attr-defined]  # only Salesforce has something to set up
