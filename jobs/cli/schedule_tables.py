"""What the verbs on schedules say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.markup import escape

from jobs.cli.console import out

if TYPE_CHECKING:
    from jobs.service.schedules import ScheduleState


def states(found: Sequence[ScheduleState]) -> None:
    """Print each schedule in words, with its next times and how its last one went."""
    for one in found:
        out.print(f"[bold]{one.name}[/]: {one.in_words} ({one.zone}), does '{one.does}'", soft_wrap=True)
        if one.paused_at is not None:
            when = one.paused_at.astimezone(ZoneInfo(one.zone))
            out.print(f"  paused since {when:%Y-%m-%d %H:%M} by {escape(one.paused_by or 'somebody')}", soft_wrap=True)
        for coming in one.next:
            told = f": {coming.remark}" if coming.remark else ""
            out.print(f"  next {coming.slot:%a %Y-%m-%d %H:%M}{told}", soft_wrap=True)
        if one.last is not None:
            went = f" into {one.last.into}" if one.last.into else ""
            said = f": {escape(one.last.said)}" if one.last.said else ""
            out.print(f"  last {one.last.slot.replace('T', ' ')} {one.last.state}{went}{said}", soft_wrap=True)
        if one.since is None:
            out.print("  begins when 'overlap serve' or 'overlap run --once' sees it first", soft_wrap=True)
        for remark in one.remarks:
            out.print(f"  [yellow]{escape(remark)}[/]", soft_wrap=True)
