"""One pair on the screen: both rows side by side, the ladder, the decision, and what would settle it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.markup import escape
from rich.table import Table

from jobs.cli.console import out

if TYPE_CHECKING:
    from jobs.finding.pairs import Explanation
    from matching.why_not import Rival, WhyNot

_FIELDS: Final = (
    "id", "name", "website", "phone", "street", "postcode", "city", "state", "country", "industry", "headcount",
    "population",
)  # fmt: skip
_COMPARED: Final = {
    "name": "names",
    "website": "websites",
    "place": "places",
    "post": "postcodes",
    "size": "headcounts",
    "industry": "industries",
    "form": "legal forms",
    "phone": "phones",
    "taken": "namesakes",
}
_DECISIONS: Final = {"match": "[bold green]match[/]", "review": "[bold yellow]review[/]"}
#: Facts that are named; the rest are in --json.
_NAMED_FACTS: Final = 2


def explanation(found: Explanation) -> None:
    """Print both sides of a pair, the ladder of evidence, the decision, and why not if that was asked."""
    _sides(found)
    if not found.match:
        out.print("Nothing can be said: one of the two has no usable name.")
        return
    _ladder(found)
    decision = _DECISIONS.get(found.match["decision"], "[bold red]no match[/]")
    out.print(f"{decision}, probability {found.match['probability']:.1%}, relation: {found.match['relation']}")
    match, review = found.thresholds["match"], found.thresholds["review"]
    out.print(
        f"A match from {match:.0%} on, for you to judge from {review:.0%} on; model {escape(found.model.split()[0])}"
    )
    out.print(escape(found.match["reasons"]))
    # What was never compared and is a match all the same, another of our CRMs has brought: the reasons say so.
    if not (found.compared or found.verdict or found.why_not or found.match["decision"] == "match"):
        out.print("Never compared in a run: their rows share nothing that pairs are found by.", soft_wrap=True)
    if found.run_model != found.model:
        out.print(f"[yellow]The published run was made by model {escape(found.run_model)}[/]; next: overlap match")
    if found.why_not:
        _why_not(found.why_not, found.match["decision"] == "match")
    elif found.verdict is None and found.match["decision"] != "match":
        out.print("What would settle it? overlap explain OURS THEIRS --why-not", style="dim")
    if found.verdict is None and found.match["decision"] == "review":
        out.print("You know better? overlap judge OURS THEIRS same|different", style="dim")


def _sides(found: Explanation) -> None:
    sides = Table(box=box.SIMPLE_HEAD, title_justify="left")
    sides.add_column("")
    sides.add_column(f"ours ({found.ours['crm']})", style="bold", overflow="fold")
    sides.add_column(f"theirs ({found.theirs['partner']})", style="bold", overflow="fold")
    for field in _FIELDS:
        ours, theirs = found.ours.get(field), found.theirs.get(field)
        if ours is not None or theirs is not None:
            sides.add_row(field, escape(_shown(ours)), escape(_shown(theirs)))
    out.print(sides)


def _ladder(found: Explanation) -> None:
    ladder = Table(box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    ladder.add_column("what was compared")
    ladder.add_column("what was found", overflow="fold")
    ladder.add_column("bits", justify="right")
    for step in found.ladder:
        if step.compared == "before looking":
            ladder.add_row("before looking", "how much such lists have in common", _bits(step.bits))
        elif step.compared == "rivals":
            if found.rival:
                ladder.add_row("rivals", escape(_fits_better(found.rival)), _bits(step.bits))
        elif step.found:
            ladder.add_row(_COMPARED.get(step.compared, step.compared), escape(step.found), _bits(step.bits))
        elif step.compared != "taken":
            ladder.add_row(_COMPARED.get(step.compared, step.compared), "[dim]nothing to compare[/]", "")
    ladder.add_section()
    ladder.add_row("sum", "", f"[bold]{found.bits:+.2f}[/]")
    ladder.caption = "+1 bit doubles the odds that they are one company, -1 halves them"
    out.print(ladder)


def _why_not(found: WhyNot, is_match: bool) -> None:
    """Print how the pair was found or why not, what speaks against it, and the likeliest facts that would settle it."""
    if found.found_by:
        out.print(f"[bold]Found by[/] {escape('; '.join(found.found_by))}", soft_wrap=True)
    else:
        out.print("[bold]Never compared:[/] the two rows share nothing that few others have.", soft_wrap=True)
        if found.would_find:
            out.print(f"  it would be, if {escape('; or if '.join(found.would_find))}", soft_wrap=True)
    if found.too_frequent:
        out.print(f"[bold]Too frequent to count:[/] {escape('; '.join(found.too_frequent))}", soft_wrap=True)
    if found.against:
        out.print(f"[bold]Against it:[/] {escape('; '.join(found.against))}", soft_wrap=True)
    if found.rival:
        out.print(f"[bold]Won instead:[/] {escape(_fits_better(found.rival))}", soft_wrap=True)
    for fact in found.settling[:_NAMED_FACTS]:
        out.print(f"[bold]→[/] {escape(fact.said)}", soft_wrap=True)
    if not found.settling and not is_match:
        out.print("No single fact would settle it; your verdict would: overlap judge OURS THEIRS same|different")


def _fits_better(rival: Rival) -> str:
    whose = "our account" if rival.side == "ours" else "their row"
    return f"{whose} {rival.name} ({rival.id}) fits better, {rival.probability:.0%}"


def _bits(bits: float) -> str:
    return "[dim]0[/]" if not bits else f"[{'green' if bits > 0 else 'red'}]{bits:+.2f}[/]"


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
