"""Setup of a HubSpot portal: what it lacks of overlap's properties, objects and labels, shown first and then made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from config.hubspot import HubSpotSettings
from connectors.hubspot.session import HubSpotSession
from connectors.hubspot.setup.difference import Action, Step, compared
from connectors.hubspot.setup.making import make
from connectors.hubspot.setup.wanted import Wanted
from jobs.context import Context, connected
from overlap.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PortalPlan:
    """What a setup would do in one portal; *tier* says in words what it can hold."""

    crm: str
    org_id: str
    tier: str
    steps: tuple[Step, ...]

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return self._of(Action.CREATE, Action.CHANGE)

    @property
    def left_out(self) -> tuple[Step, ...]:
        """What the portal has no room for."""
        return self._of(Action.LEAVE_OUT)

    @property
    def clashes(self) -> tuple[Step, ...]:
        """The steps that only a person can settle."""
        return self._of(Action.CLASH)

    def _of(self, *actions: Action) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.action in actions)


def plan(context: Context, crm: str) -> PortalPlan:
    """Return what there is to do. Changes nothing."""
    with _session(context, crm) as session:
        return _plan(context, crm, session)


def apply(context: Context, crm: str, agreed: Callable[[PortalPlan], None]) -> PortalPlan:
    """Make what the portal lacks, and return what that was.

    *agreed* is shown what there is to do, and raises if the person says no.

    Raises:
        ConfigError: a property of the portal stands in the way.
        AccessError: we may not set up, or the portal refuses; what was made until then stays.
    """
    with _session(context, crm) as session:
        made = _plan(context, crm, session)
        if made.clashes:
            listed = "; ".join(f"{step.name}: {step.detail}" for step in made.clashes)
            raise ConfigError(f"crm '{crm}': the portal has properties of our names that are in the way: {listed}")
        if made.changes:
            agreed(made)
            context.report("setting up the portal")
            make(session, made.steps)
            context.ledger.note(context.who, "set up CRM", {"crm": crm, "changes": len(made.changes)}, context.now)
    return made


def _plan(context: Context, crm: str, session: HubSpotSession) -> PortalPlan:
    context.report("comparing with the portal")
    settings = context.workspace.settings
    names = tuple(sorted(partner.name for partner in settings.partners.values()))
    steps = compared(session, Wanted(names, settings.workspace.flat_fields))
    return PortalPlan(crm, session.org_id, session.portal.tier, tuple(steps))


@contextmanager
def _session(context: Context, crm: str) -> Iterator[HubSpotSession]:
    """Sign in to *crm* and make sure that it is the portal of this workspace."""
    settings = context.workspace.settings.crm[crm]
    if not isinstance(settings, HubSpotSettings):
        raise ConfigError(f"crm '{crm}' is no HubSpot portal; run 'overlap setup {settings.type} {crm}'")
    with connected(context, crm) as connection:
        yield connection.session  # type: ignore[attr-defined]  # each connector sets up in its own way
