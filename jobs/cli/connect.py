"""The verb that signs in for the first time."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.cli.options import HERE, Folder, Json, opened, require_known


def connect(
    kind: Annotated[str, typer.Argument(metavar="salesforce|hubspot", help="The kind of CRM.")],
    name: Annotated[str | None, typer.Argument(help="The CRM connection, if there are several.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of the callback URL, on this machine.")] = 1717,
    timeout_s: Annotated[int, typer.Option("--timeout", min=1, help="Seconds to wait for the browser.")] = 300,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the access back, and delete the token.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Sign in for the first time: in a browser where that needs a person, with a token kept encrypted."""
    from jobs.cli import console, show
    from jobs.cli.browser import browser
    from jobs.connecting.connect import connect as sign_in
    from jobs.connecting.connect import disconnect

    with opened(folder, quiet=True) as context:  # a bar would stand in the way of what is pasted
        crm = _chosen({key: context.workspace.settings.crm[key].type for key in context.crms()}, kind, name)
        if revoke:
            there_was = disconnect(context, crm)
        else:
            made = sign_in(context, crm, browser(port, timeout_s, not no_browser))
    if revoke:
        said = f"The access of '{crm}' is taken back." if there_was else f"There was no token of '{crm}'."
        facts: dict[str, object] = {"crm": crm, "revoked": there_was}
    else:
        kept = " Its refresh token is kept, encrypted." if made.authorized else ""
        said = f"'{crm}' is signed in to org {made.org_id} by auth = '{made.auth}'.{kept}"
        facts = {"crm": crm, "auth": made.auth, "org_id": made.org_id, "authorized": made.authorized}
    if as_json:
        console.print_json(facts)
    else:
        show.next_steps(said, [] if revoke else ["overlap check"])


def _chosen(types: dict[str, str], word: str, name: str | None) -> str:
    """Return the connection that is meant: *name*, or the only one of the kind *word*, or the one called *word*."""
    if name is None and word in types:
        return word
    require_known("kind of CRM", (word,), ("salesforce", "hubspot"))
    of_kind = [key for key, kind in types.items() if kind == word]
    if name is not None:
        require_known("CRM connection", (name,), of_kind)
        return name
    if len(of_kind) > 1:
        raise typer.BadParameter(f"there are several; name one: {', '.join(of_kind)}")
    return of_kind[0]
