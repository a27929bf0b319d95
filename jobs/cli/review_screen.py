"""One doubtful pair on the screen of `overlap review`: both rows side by side, what agrees, what would settle it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from jobs.reviewing.session import KEYS

if TYPE_CHECKING:
    from jobs.reviewing.doubtful import Doubt
    from jobs.reviewing.session import Session
    from matching.why_not import WhyNot

#: The fields of both rows that are shown, each with the comparison that says whether it agrees.
_FIELDS: Final = {
    "name": "name",
    "website": "website",
    "phone": "phone",
    "street": "",
    "postcode": "post",
    "city": "place",
    "state": "",
    "country": "",
    "industry": "industry",
    "headcount": "size",
    "population": "",
    "id": "",
}
_NAMED_FACTS: Final = 2
_JUDGED: Final = {"same": "[bold green]judged the same[/]", "different": "[bold red]judged different[/]"}
_HINT: Final = "a same · r different · s later · u undo · j k next, previous · ? help · q quit"


def screen(session: Session, doubt: Doubt, weighed: WhyNot | None) -> RenderableType:
    """Return what is shown of *session* at *doubt*; *weighed* is None while nobody knows what would settle it."""
    lines: list[RenderableType] = [_head(session, doubt), _sides(doubt), Text(doubt.reasons)]
    lines += [Text.from_markup(line) for line in _settling(weighed)]
    if session.shows_help:
        lines += [Text(""), *(Text.from_markup(f"[bold]{key}[/]  {does}") for key, does in KEYS.items())]
    lines += [Text(""), Text(session.said, style="yellow") if session.said else Text(_HINT, style="dim")]
    return Group(*lines)


def _head(session: Session, doubt: Doubt) -> RenderableType:
    place = f"[bold]{session.at + 1}[/] of {len(session.verdicts)}, {session.left} open"
    deals = f" · {doubt.open_deals} open deal{'s' * (doubt.open_deals != 1)}" if doubt.open_deals else ""
    worth = f"{escape(doubt.theirs['partner'])} · {escape(doubt.cell)} · priority {doubt.priority}{deals}"
    relation = "" if doubt.relation == "Same" else f" · {doubt.relation}"
    said = _JUDGED.get(session.verdicts[session.at] or "", "set aside" if session.at in session.aside else "")
    sure = f"{doubt.probability:.0%} the same company{relation}"
    return Text.from_markup(f"{place}   {worth}\n{sure}   {said}".rstrip())


def _sides(doubt: Doubt) -> Table:
    bits: dict[str, float] = {name: weight for name, _, weight in doubt.evidence}
    sides = Table(box=box.SIMPLE_HEAD)
    sides.add_column("")
    sides.add_column(f"ours ({escape(doubt.ours['crm'])})", overflow="fold", ratio=1)
    sides.add_column(f"theirs ({escape(doubt.theirs['partner'])})", overflow="fold", ratio=1)
    sides.add_column("bits", justify="right")
    for field, comparison in _FIELDS.items():
        ours, theirs = doubt.ours.get(field), doubt.theirs.get(field)
        if ours is not None or theirs is not None:
            sides.add_row(field, escape(_shown(ours)), escape(_shown(theirs)), _weight(bits.get(comparison)))
    for comparison, words, weight in doubt.evidence:
        if comparison not in _FIELDS.values() and words:
            sides.add_row("", Text(words, style="dim"), "", _weight(weight))
    return sides


def _settling(weighed: WhyNot | None) -> list[str]:
    if weighed is None:
        return ["[dim]looking for what would settle it[/]"]
    lines = []
    if weighed.rival:
        rival = weighed.rival
        whose = "our account" if rival.side == "ours" else "their row"
        lines.append(f"[bold]Rival:[/] {whose} {escape(rival.name)} ({escape(rival.id)}) fits better")
    lines += [f"[bold]→[/] {escape(fact.said)}" for fact in weighed.settling[:_NAMED_FACTS]]
    return lines or ["No single fact would settle it; what you know does."]


def _weight(bits: float | None) -> str:
    return "" if bits is None else f"[{'green' if bits > 0 else 'red'}]{bits:+.2f}[/]"


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
