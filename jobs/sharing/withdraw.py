"""Delete what partners may not see any more, whichever verb comes next, and say what they have had already."""

from __future__ import annotations

from jobs.context import Context
from jobs.sharing.sharing_policy import fingerprint, why_void
from jobs.stores import releases, shares

#: As many releases of a partner as a sentence names.
_MOST_NAMED = 5


def withdraw(context: Context) -> tuple[str, ...]:
    """Delete every share that counts no more; say it where the reason is not just that there is a newer run.

    A share counts for the published run, under the policy as it is, until it expires.
    """
    workspace = context.workspace
    if not workspace.shares.is_dir():
        return ()
    published, told = context.ledger.pinned("published_run"), {}
    for partner, path in shares.every(workspace.shares):
        policy = fingerprint(workspace.settings, partner)
        why = why_void(workspace.settings, partner, context.today)
        if why is None and policy not in path.name:
            why = f"what is shared with '{partner}' changed"
        if why is not None:
            told[partner] = why
        if why is not None or path != shares.place(workspace.shares, partner, published or "", policy):
            path.unlink(missing_ok=True)
    return tuple(f"{why}: its share is deleted; {_released(context, partner)}" for partner, why in told.items())


def _released(context: Context, partner: str) -> str:
    known = releases.every(context.ledger, partner)
    if not known:
        return "nothing was released before"
    zone = context.workspace.zone
    named = [
        f"release {one.id} ({one.released_at.astimezone(zone):%Y-%m-%d}, {one.file_name})"
        for one in known[:_MOST_NAMED]
    ]
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    return f"released already: {', '.join(named)}{more}; see 'overlap releases {partner}'"
