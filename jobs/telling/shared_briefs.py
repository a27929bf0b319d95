"""Release a brief to a partner: the same approval, the same share and the same record as `overlap share` has."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

from jobs.context import Context
from jobs.sharing import share
from jobs.sharing.share import Approval, Offer
from jobs.stores import releases, snapshot
from jobs.stores.releases import Release
from jobs.telling import shared_brief
from jobs.telling.brief import LAST, day_of, free_name
from jobs.telling.shared_brief import Cover
from overlap.errors import ConfigError


def release_brief(
    context: Context, made: Offer, approval: Approval, since: str = LAST, out: Path | None = None
) -> list[Release]:
    """Write the brief for the partner of *made* to the folder *out*, or into ``shared/``; return what is on record.

    *since* is a day, or ``last``: the release that it is compared with is the last one until then.

    Raises:
        ConfigError: as of `jobs.sharing.share.release`; or *out* is where briefs for ourselves lie.
        GuardError: as of `jobs.sharing.share.release`.
    """
    before = _before(context, made.partner, since)
    folder = _folder(context, made.partner, out)
    zone = context.workspace.zone
    run_at = datetime.fromisoformat(snapshot.manifest(context.workspace.runs, made.run_id)["made_at"])
    cover = Cover(
        name=made.name,
        company=context.workspace.settings.workspace.name,
        day=f"{run_at.astimezone(zone):%Y-%m-%d}",
        since=None if before is None else f"{before.released_at.astimezone(zone):%Y-%m-%d}",
    )
    had = None if before is None else share.as_released(context, before)
    export = partial(shared_brief.export, cover, had, context.workspace.templates)
    done = []
    try:
        for kind in shared_brief.KINDS:
            file = free_name(folder, f"{made.partner}-{cover.day}-brief-for-{made.partner}", kind)
            done.append(share.release(context, made.partner, approval, kind, file, export))
    finally:
        if had is not None:
            had.unlink(missing_ok=True)
    return done


def _before(context: Context, partner: str, since: str) -> Release | None:
    known = releases.every(context.ledger, partner)
    if since == LAST:
        return next(iter(known), None)
    day, zone = day_of(since), context.workspace.zone
    return next((one for one in known if one.released_at.astimezone(zone).date() <= day), None)


def _folder(context: Context, partner: str, out: Path | None) -> Path:
    folder = (context.workspace.shared / partner) if out is None else out.resolve()
    if folder.is_relative_to(context.workspace.briefs.resolve()):
        raise ConfigError(f"{folder} is for briefs that are yours alone; choose another folder for what a partner gets")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
