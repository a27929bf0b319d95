"""What an erasure does to the files of a workspace: the published run is written anew, what can be made again goes.

Every function here may be repeated: an erasure that was cut short begins again.
"""

from __future__ import annotations

import mmap
import re
import shutil
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from config.workspace import Workspace
from jobs.context import Context
from jobs.past import logs
from jobs.steps import step
from jobs.stores import snapshot
from jobs.stores.migrating import copies

#: What becomes of a frame of a run, by its name.
Rewrite = Callable[[str, pl.DataFrame], pl.DataFrame]
#: No plan is made of such a run any more: what it says of the CRM is gone, and it asks for a pull and a match.
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC).isoformat()
_MIRROR: Final = "record_"
#: Facts of a run that name partners; without them, causes of changes are told less exactly.
_BY_PARTNER: Final = ("by_partner", "not_analysed")
#: What is looked after by name; anything else in the workspace was put there by people.
_OURS: Final = ("runs", "lists", "tokens", "stats", "pull", "quarantine", "shared", "logs")


def publish_without(context: Context, run_id: int, rewrite: Rewrite) -> None:
    """Publish as run *run_id* what *rewrite* leaves of the published one, for the views and for matches that stand.

    What it says of records in the CRM is left out: it was read before these were emptied.
    """
    runs, published = context.workspace.runs, context.ledger.pinned("published_run")
    if published is None or not snapshot.exists(runs, published):
        return
    facts = snapshot.manifest(runs, published)
    facts.pop("mappings", None)  # it is by partner, and no plan will ask for it
    names = [Path(name).stem for name in facts.pop("files")]
    for fact in _BY_PARTNER:
        facts.pop(fact, None)
    frames = {}
    for name, frame in zip(names, snapshot.read(runs, published, *names), strict=True):
        frames[name] = frame.clear() if name.startswith(_MIRROR) else rewrite(name, frame)
    snapshot.publish(runs, run_id, frames, facts | {"made_at": _LONG_AGO})
    step("erase: publish")
    context.ledger.pin("published_run", str(run_id))
    step("erase: published")


def forget_made(context: Context, words: bool) -> None:
    """Delete what the next pull and match make anew: the warehouse, pages on their way, and every run but the last.

    Logs of runs go too: an error in them may name anybody. So do the copies of the ledger that migrations left.

    *words*: also the counts of words, which then are counted again.
    """
    workspace = context.workspace
    published = context.ledger.pinned("published_run")
    step("erase: delete runs")
    for folder in sorted(workspace.runs.glob("*")):
        if folder.name != published:
            shutil.rmtree(folder)
    logs.prune(workspace.logs, keep=0)
    step("erase: runs are gone")
    delete([*sorted(workspace.folder.glob(f"{workspace.warehouse_file.name}*")), *copies(workspace.ledger_file)])
    for folder in (workspace.folder / "pull", *([workspace.statistics] if words else [])):
        shutil.rmtree(folder, ignore_errors=True)
    step("erase: warehouse is gone")


def delete(paths: Iterable[Path]) -> None:
    """Delete files and folders, those that are gone already too."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def quarantined(workspace: Workspace, partner: str) -> list[Path]:
    """Return the files with the bad rows of *partner*."""
    of_partner = re.compile(rf"\.?{re.escape(partner)}-\d{{4}}-\d\d-\d\d\.csv(\.tmp)?")
    return [path for path in sorted(workspace.quarantine.glob("*")) if of_partner.fullmatch(path.name)]


def sent_by(
    workspace: Workspace, patterns: Collection[str], known: Callable[[Path], bool]
) -> tuple[list[Path], list[Path]]:
    """Return the files that a partner sent, by its *patterns*, and those of them that another's pattern fits too.

    Of the latter, one that is *known* to have been taken as this partner's is this partner's.
    """
    others = {path for one in workspace.settings.partners.values() for path in _fitting(workspace, [one.files])}
    found = _fitting(workspace, patterns)
    theirs = sorted(path for path in found if path not in others or known(path))
    return theirs, sorted(found.difference(theirs))


def _fitting(workspace: Workspace, patterns: Iterable[str]) -> set[Path]:
    plain = (pattern for pattern in patterns if pattern and not Path(pattern).is_absolute())
    return {path for pattern in plain for path in workspace.folder.glob(pattern) if path.is_file()}


def still_named_in(workspace: Workspace, words: Collection[str]) -> list[str]:
    """Return the files that people put into the workspace in which one of *words* stands as plain text."""
    found = []
    for path in sorted(workspace.folder.rglob("*")):
        place = path.relative_to(workspace.folder)
        stores = (f"{workspace.ledger_file.name}-", workspace.warehouse_file.name)
        is_ours = place.parts[0] in _OURS or place.parts[0].startswith((".", *stores))
        if not is_ours and path != workspace.ledger_file and _has_any(path, words):
            found.append(str(place))
    return found


def named_in(workspace: Workspace, folder: Path, words: Collection[str]) -> list[str]:
    """Return the files below *folder*, by their place in the workspace, in which one of *words* is plain text."""
    return [str(path.relative_to(workspace.folder)) for path in sorted(folder.rglob("*")) if _has_any(path, words)]


def _has_any(path: Path, words: Collection[str]) -> bool:
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(content.find(word.encode(form)) >= 0 for word in words for form in ("utf-8", "utf-16-le"))
