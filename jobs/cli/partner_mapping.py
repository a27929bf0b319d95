"""The verb that shows how a partner's list is read, and corrects it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import HERE, Folder, Json, opened, require_known
from overlap.errors import ConfigError

if TYPE_CHECKING:
    from jobs.partners.partner_mapping import MappingReport

_HELD = 6


def mapping(
    partner: Annotated[str, typer.Argument(help="The partner's key.")],
    file: Annotated[Path | None, typer.Argument(help="A list of theirs; by default the newest.")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COLUMN=HEADING", help='Read this heading as our column: --set name="Firma".'),
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar="HEADING", help="Never read this heading.")] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Forget what was remembered or corrected.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show which heading of a partner's list is read as what, why, with samples; and correct it for good."""
    from jobs.cli import console
    from jobs.partners.partner_mapping import Correction, correct, look

    said = Correction(dict(map(_pair, columns or ())), ignore or (), forget)
    is_correction = bool(columns or ignore or forget)
    with opened(folder) as context:
        require_known("partner", [partner], context.workspace.settings.partners)
        report = correct(context, partner, said, file) if is_correction else look(context, partner, file)
    if as_json:
        console.print_json(report)
    else:
        _show(report, is_correction)
    if report.held:
        raise typer.Exit(_HELD)


def _pair(text: str) -> tuple[str, str]:
    column, equals, heading = text.partition("=")
    if not equals:
        raise ConfigError(f'--set {text}: write COLUMN=HEADING, as in --set name="Firma"')
    return column.strip(), heading.strip().strip("\"'")


def _show(report: MappingReport, is_correction: bool) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from jobs.cli import show
    from jobs.cli.console import err, out

    table = Table(title=escape(f"{report.partner}: {report.file}"), box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("heading", "read as", "why", "for example"):
        table.add_column(name, overflow="fold")
    for one in sorted(report.headings, key=lambda one: one.column is None):
        read_as = f"[bold]{one.column}[/]" if one.column else "[dim]not used[/]"
        table.add_row(escape(one.heading), read_as, one.why or "", escape("; ".join(text[:40] for text in one.samples)))
    out.print(table)
    for note in report.notes:
        err.print(f"[yellow]note:[/] {escape(note)}", soft_wrap=True)
    if report.held:
        out.print(f"[bold red]held:[/] {escape(report.held)}", soft_wrap=True)
    if is_correction:
        show.next_steps("Written down; it counts from the next pull on.", ["overlap pull"])
    else:
        out.print(
            f'correct it: [bold]overlap partner mapping {report.partner} --set name="Their heading"[/]', soft_wrap=True
        )
