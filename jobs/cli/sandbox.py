"""Verbs to try things out: the demo, and the sandboxes of CRMs with a person's hand in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import Json

if TYPE_CHECKING:
    from connectors.sandbox.hubspot.portal import Portal
    from connectors.sandbox.store import Store

app = typer.Typer(
    help="Strict stand-ins for Salesforce and HubSpot on this machine, for dry runs.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
SandboxFolder = Annotated[Path, typer.Option("--dir", help="The sandbox's folder.")]


def demo(
    folder: Annotated[Path | None, typer.Option("--dir", help="A new folder; a temporary one by default.")] = None,
    as_json: Json = False,
) -> None:
    """Watch the whole job on two sandbox CRMs with real companies and made-up relationships."""
    import tempfile

    from jobs.cli import console, show_demo
    from jobs.demo import demo as play

    place = folder or Path(tempfile.mkdtemp(prefix="overlap-demo-"))
    with console.progress() as report:
        shown = play(place.resolve(), report)
    if as_json:
        console.print_json(show_demo.as_json(shown))
    else:
        show_demo.printed(shown)


@app.command()
def salesforce(
    folder: SandboxFolder,
    port: Annotated[int, typer.Option(help="0 takes the last one, or any that is free.")] = 0,
    bare: Annotated[bool, typer.Option("--bare", help="A new org before setup, without overlap's fields.")] = False,
) -> None:
    """Serve a sandbox Salesforce over HTTPS on localhost until you press Ctrl-C."""
    from connectors.sandbox.server import SALESFORCE, main, own
    from jobs.cli.console import err

    if bare:
        from connectors.sandbox.store import Store

        with Store.open(own(folder, SALESFORCE)) as store:
            store.set_deployed(False)
    err.print("Ctrl-C stops it. Its address, as soon as it listens:", style="dim")
    _give_own_id(folder)
    main(str(folder), port)


@app.command()
def hubspot(
    folder: SandboxFolder,
    port: Annotated[int, typer.Option(help="0 takes the last one, or any that is free.")] = 0,
    tier: Annotated[
        str | None, typer.Option(help="free, starter, professional or enterprise; a new portal is enterprise.")
    ] = None,
    api: Annotated[
        list[str] | None,
        typer.Option(metavar="VERSION=STATE", help="v3, v4, 2026-03, 2026-09 or oauth-v1=served, deprecated or gone."),
    ] = None,
    filled: Annotated[bool, typer.Option("--demo", help="Fill a new portal with the demo's companies.")] = False,
) -> None:
    """Serve a sandbox HubSpot over HTTPS on localhost until you press Ctrl-C."""
    from datetime import date

    from connectors.sandbox.hubspot.demo import fill
    from connectors.sandbox.hubspot.portal import Portal
    from connectors.sandbox.hubspot.server import HUBSPOT
    from connectors.sandbox.server import main, own
    from jobs.cli.console import err

    with Portal.open(own(folder, HUBSPOT)) as portal:
        if tier:
            portal.set_tier(tier)
        for version, _, state in (given.partition("=") for given in api or []):
            portal.set_version(version, state)
        if filled and not portal.records("companies"):
            fill(portal, date.today())
    err.print("Ctrl-C stops it. Its address and its access token, as soon as it listens:", style="dim")
    main(str(folder), port, HUBSPOT)


@app.command()
def edit(
    object_name: Annotated[
        str, typer.Argument(metavar="OBJECT", help="API name, e.g. Partner_Influence__c, or companies.")
    ],
    record: Annotated[str, typer.Argument(metavar="ID", help="The record's id or external key.")],
    values: Annotated[list[str], typer.Argument(metavar="FIELD=VALUE...", help="An empty value clears the field.")],
    folder: SandboxFolder,
) -> None:
    """Edit a record in the sandbox as a person would."""
    from jobs.cli import show

    with _opened(folder) as store:
        edited = store.edit(object_name, record, _assignments(values))
    show.next_steps(f"{object_name} {edited} is edited.", [])


@app.command()
def create(
    object_name: Annotated[
        str, typer.Argument(metavar="OBJECT", help="API name, e.g. Partner_Influence__c, or companies.")
    ],
    values: Annotated[list[str], typer.Argument(metavar="FIELD=VALUE...")],
    folder: SandboxFolder,
) -> None:
    """Make a record in the sandbox as a person would."""
    from jobs.cli import show

    with _opened(folder) as store:
        made = store.create(object_name, _assignments(values))
    show.next_steps(f"{object_name} {made} is made.", [])


@app.command()
def records(
    object_name: Annotated[
        str, typer.Argument(metavar="OBJECT", help="API name, e.g. Partner_Overlap__c, or companies.")
    ],
    folder: SandboxFolder,
) -> None:
    """Print the sandbox's records of one object as JSON."""
    from jobs.cli import console

    with _opened(folder) as store:
        console.print_json({"object": object_name, "records": store.records(object_name)})


@app.command()
def history(folder: SandboxFolder) -> None:
    """Print every write that the sandbox took, by whom, as JSON."""
    from dataclasses import asdict

    from jobs.cli import console

    with _opened(folder) as store:
        console.print_json({"history": [asdict(change) for change in store.history()]})


@app.command()
def certificate(
    file: Annotated[Path, typer.Argument(metavar="PEM", help="The certificate, or the public key.")],
    folder: SandboxFolder,
) -> None:
    """Give the sandbox's app the certificate that JWTs are signed for, as an admin uploads it."""
    from jobs.cli import show

    with _salesforce(folder) as store:
        store.register_key(file.read_text(encoding="utf-8", errors="replace"))
    show.next_steps("The app takes JWTs that are signed with its key, for overlap@sandbox.example.", [])


@app.command()
def fault(
    folder: SandboxFolder,
    script: Annotated[
        str | None, typer.Argument(metavar="SCRIPT", help="A fault script: a JSON file, or JSON as it is.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="End all faults.")] = False,
) -> None:
    """Let requests to the sandbox come to grief, or print which faults were met, as JSON.

    Each rule names a fault and the requests that it is about:
    [{"fault": "lost-reply", "method": "PATCH", "path": "composite/*", "nth": 2}].
    """
    from dataclasses import asdict

    from jobs.cli import console

    if clear and script:
        raise typer.BadParameter("give a script or --clear, not both")
    with _opened(folder) as store:
        if clear or script:
            store.set_faults(_script(script) if script else [])
        console.print_json({"faults": [asdict(counted) for counted in store.faults()]})


def _script(given: str) -> object:
    """Read a fault script: what starts like JSON is JSON, all else names a file."""
    import json

    from overlap.errors import ConfigError

    try:
        text = given if given.lstrip()[:1] in ("[", "{") else Path(given).read_text(encoding="utf-8")
        return json.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"fault script {given[:60]!r}: {error}; give a JSON file or JSON") from error


def _opened(folder: Path) -> Store | Portal:
    """Open the state of a sandbox that has run before; opening any other folder would found a new, empty one."""
    if (folder / "hubspot.sqlite").exists():
        from connectors.sandbox.hubspot.portal import Portal

        return Portal.open(folder)
    return _salesforce(folder)


def _salesforce(folder: Path) -> Store:
    from connectors.sandbox.server import read_address
    from connectors.sandbox.store import Store

    read_address(folder)
    return Store.open(folder)


def _assignments(values: list[str]) -> dict[str, str | bool | None]:
    """Read ``FIELD=VALUE`` words; ``true`` and ``false`` are a checkbox's."""
    checkbox = {"true": True, "false": False}
    pairs = [value.partition("=") for value in values]
    for name, sign, _ in pairs:
        if not sign or not name:
            raise typer.BadParameter(f"'{name}' is not FIELD=VALUE")
    return {name: checkbox.get(value, value or None) for name, _, value in pairs}


def _give_own_id(folder: Path) -> None:
    """Give the org of a sandbox that never ran an id of its own: by it, a workspace that has several tells them apart.

    Every new org is a copy of one, its id too.
    """
    import secrets

    from connectors.sandbox.ids import record_id
    from connectors.sandbox.server import SALESFORCE, own, read_address
    from connectors.sandbox.store import Store
    from overlap.errors import ConfigError

    place = own(folder, SALESFORCE)
    try:
        read_address(place)
    except ConfigError:  # it never ran
        with Store.open(place) as store:
            store.set_org_id(record_id("Organization", 62**5 + secrets.randbelow(62**5)))
