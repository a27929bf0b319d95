"""Share: look at what one partner would get of the published run, and release it once a person has said yes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from jobs.context import Context
from jobs.finding.identity import every_domain, plain_names
from jobs.finding.profiles import rows_of
from jobs.fresh import require_fresh
from jobs.sharing import release_files
from jobs.sharing.sharing_policy import fingerprint, policy_of, policy_text, share_settings
from jobs.steps import step
from jobs.stores import releases, shares, snapshot
from jobs.stores.digest import digest
from jobs.stores.lock import workspace_lock
from jobs.stores.releases import Release, row_text
from overlap.errors import ConfigError, GuardError
from overlap.sharing import Found, Policy, permitted, with_cells, withheld

_FRAMES: Final = (
    *("accounts", "opportunities", "users", "companies", "matches", "partner_accounts"),
    *("left_out", "left_out_rows"),
)


#: Makes a file of a kind of the share that it is given.
Export = Callable[[Path, Path, str], None]


@dataclass(frozen=True, slots=True)
class Offer:
    """What would go out to *partner*, for ourselves to look at.

    *cells* counts rows by cell, *withheld* companies that stay here although their cell is shared, by the reason.
    *new* and *gone* are rows compared with the release *since*, None if there was none. *in_whole* are the populations
    of ours of which every account goes out. *looked_at* changes when anything that goes out does.
    """

    partner: str
    name: str
    run_id: str
    fields: tuple[str, ...]
    expires: str | None
    agreement: str | None
    rows: int
    cells: Mapping[str, int]
    withheld: Mapping[str, int]
    since: int | None
    new: tuple[dict[str, Any], ...]
    gone: tuple[dict[str, Any], ...]
    in_whole: tuple[str, ...]
    looked_at: str


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person said yes to: *looked_at* of the offer, and *typed*, the partner's key where all is shared."""

    looked_at: str
    typed: str | None = None


def offer(context: Context, partner: str) -> Offer:
    """Return what would go out to *partner* now. Writes nothing.

    Raises:
        ConfigError: nothing is shared with it, or the published run is not what would be found now.
        GuardError: what was agreed is over.
    """
    return _offer(context, partner)[0]


def release(
    context: Context,
    partner: str,
    approval: Approval,
    kind: str,
    out: Path | None = None,
    export: Export = release_files.export,
) -> Release:
    """Write what *partner* may see to *out*, or into its folder, put it on record, and return that.

    *export* makes the file, of the share alone.

    Raises:
        ConfigError: as of `offer`; or *out* is taken or has no place.
        GuardError: what would go out is not what was looked at; or all of a population would, and that was not typed.
    """
    workspace = context.workspace
    with workspace_lock(workspace.lock_file):
        made, rows = _offer(context, partner)
        _require_approved(made, approval)
        target = _target(context, made, kind, out)
        share = shares.write(workspace.shares, partner, made.run_id, fingerprint(workspace.settings, partner), rows)
        step("share: made")
        draft = target.with_name(f".{target.name}.partial")
        try:
            export(share, draft, kind)
            step("share: record")
            done = _record(context, made, share, draft, target)
            step("share: recorded")
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        shares.sync(target.parent)
        step("share: named")
    return done


def _require_approved(made: Offer, approval: Approval) -> None:
    partner = made.partner
    if made.looked_at != approval.looked_at:
        raise GuardError(f"what '{partner}' would get changed since you looked; look again: overlap share {partner}")
    if made.in_whole and approval.typed != partner:
        raise GuardError(
            f"all of your {' and '.join(made.in_whole)} would go out, also those that '{partner}' does not have; "
            f"nothing was released: type '{partner}' when asked, or say --confirm {partner}"
        )


def _record(context: Context, made: Offer, share: Path, draft: Path, target: Path) -> Release:
    """Put on record what is in *draft*, about to become *target*, by the rows of *share* that it is made of."""
    settings, at = context.workspace.settings, context.by_now()
    facts = Release(
        id=0,
        partner=made.partner,
        run_id=int(made.run_id),
        released_at=at,
        who=context.who,
        policy=fingerprint(settings, made.partner),
        policy_text=policy_text(settings, made.partner),
        rows=made.rows,
        share_sha256=digest(share),
        sha256=digest(draft),
        format=target.suffix.lower().removeprefix("."),
        file_name=_shown(context.workspace.folder, target),
    )
    rows = [row_text(row) for row in shares.read(share).iter_rows(named=True)]
    done = releases.record(context.ledger, facts, rows)
    context.ledger.note(context.who, "released", {"release": done.id, "partner": made.partner}, at)
    return done


def as_released(context: Context, before: Release) -> Path:
    """Return what the partner got by release *before*, as a share: it has been told all that stands there."""
    rows = [releases.row_of(text) for text in releases.rows_of(context.ledger, before.id)]
    said = pl.DataFrame([row for row in rows if row], infer_schema_length=None)
    return shares.write(context.workspace.shares, before.partner, "released", str(before.id), said)


def require_place(out: Path, kind: str) -> None:
    """Make sure that a file of *kind* can be written to *out*, and takes the place of none.

    Raises:
        ConfigError: it cannot; the message says what else to name.
    """
    if out.suffix.lower() != f".{kind}":
        raise ConfigError(f"{out}: the file is {kind.upper()}; give it a name that ends in .{kind}")
    if out.exists():
        raise ConfigError(f"{out} is there already; give the file another name")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise ConfigError(f"{out}: {out.parent} is no folder that you may write to; make it, or choose another")


def _offer(context: Context, partner: str) -> tuple[Offer, pl.DataFrame]:
    said = share_settings(context, partner)
    run_id = context.ledger.pinned("published_run")
    if run_id is None:
        raise ConfigError("nothing has been matched yet; run 'overlap pull' and 'overlap match' first")
    require_fresh(context, run_id)
    policy = policy_of(context, partner)
    found = _found(context, run_id, policy)
    rows = permitted(found, policy, partner)
    told = with_cells(found, policy, partner).unique().group_by("cell").len().sort("cell")
    before = next(iter(releases.every(context.ledger, partner)), None)
    then = dict.fromkeys([] if before is None else releases.rows_of(context.ledger, before.id))
    now = {row_text(row): row for row in rows.iter_rows(named=True)}
    made = Offer(
        partner=partner,
        name=context.workspace.settings.partners[partner].name,
        run_id=run_id,
        fields=said.fields,
        expires=said.expires.isoformat() if said.expires else None,
        agreement=said.agreement,
        rows=rows.height,
        cells=dict(told.iter_rows()),
        withheld=withheld(found, policy, partner),
        since=before.id if before else None,
        new=tuple(row for text, row in now.items() if text not in then),
        gone=tuple(releases.row_of(text) for text in then if text not in now),
        in_whole=policy.in_whole(),
        looked_at=hashlib.sha256("\n".join((*rows.columns, *policy.in_whole(), *now)).encode()).hexdigest(),
    )
    return made, rows


def _found(context: Context, run_id: str, policy: Policy) -> Found:
    """Return what run *run_id* found; names and domains are read only where anybody asks for them."""
    frames = dict(zip(_FRAMES, snapshot.read(context.workspace.runs, run_id, *_FRAMES), strict=True))
    accounts, gone = frames["accounts"], frames["left_out"]
    asks_sites = not gone.is_empty() or bool(policy.never and policy.never.domains)

    def known(rows: pl.DataFrame) -> pl.DataFrame:
        names = rows["name"] if not gone.is_empty() else rows["name"].clear(rows.height)
        sites = rows["website"] if asks_sites else rows["website"].clear(rows.height)
        return rows.with_columns(plain=plain_names(names), domains=every_domain(sites))

    return Found(
        rows=rows_of(context, accounts, frames["opportunities"]),
        accounts=known(accounts).select("crm", "id", "plain", "domains"),
        companies=frames["companies"],
        matches=frames["matches"],
        theirs=known(frames["partner_accounts"]),
        users=frames["users"],
        gone=known(gone),
        gone_rows=frames["left_out_rows"],
    )


def _target(context: Context, made: Offer, kind: str, out: Path | None) -> Path:
    """Return where the file goes: *out*, or a name in the partner's folder that no file has yet."""
    if out is not None:
        require_place(out, kind)
        return out.absolute()
    folder = context.workspace.shared / made.partner
    folder.mkdir(parents=True, exist_ok=True)
    run_at = datetime.fromisoformat(snapshot.manifest(context.workspace.runs, made.run_id)["made_at"])
    stem = f"{made.partner}-{run_at.astimezone(context.workspace.zone):%Y-%m-%d}"
    names = (f"{stem}{'' if at == 1 else f'-{at}'}.{kind}" for at in range(1, 1_000_000))
    return next(folder / name for name in names if not (folder / name).exists())


def _shown(folder: Path, path: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
