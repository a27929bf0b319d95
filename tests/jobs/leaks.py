"""Planted secrets, the forms in which they would leak, and a watch over everything that leaves a workspace.

The oracle looks for plain, quoted, escaped and packed forms of its own making.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs import steps
from jobs.cli import main
from overlap.redaction import remember

KINDS = (
    *("s3-access-key", "s3-secret-key", "sftp-password", "sftp-key", "sheets-key", "token-key", "hubspot-token"),
    *("hubspot-client-secret", "jwt-key", "consumer-secret", "refresh-token", "webhook", "proxy", "pasted"),
)
#: Forty of them: what a secret may be made of decides how it is quoted.
CANARIES = {
    f"{kind}-{form}": f"qq{kind}{tail}{form}"
    for kind in KINDS
    for form, tail in enumerate(("7Zk+/=", '"x\\y z', "äß%&"))
}
#: Everything that was planted, and, by a fault of the sandbox, what was asked.
REPEATED = " ".join(CANARIES.values()) + " {authorization} {body}"


def shares(few: int) -> list[Any]:
    """Parameters: of steps, or rows of a table, the tests take one in *few*; the campaign takes each."""
    return [pytest.param(few, id=f"one-in-{few}"), pytest.param(1, id="every", marks=pytest.mark.campaign)]


def forms(secret: str) -> set[bytes]:
    raw = secret.encode()
    texts = {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret), json.dumps(secret)[1:-1]}
    return {raw, base64.b64encode(raw).rstrip(b"="), *(text.encode() for text in texts)}


def leaks(said: bytes, secrets: Mapping[str, str]) -> set[str]:
    """Return which of *secrets* are in *said*, in small letters or capitals."""
    said = said.lower()
    return {name for name, secret in secrets.items() if any(form.lower() in said for form in forms(secret))}


def plant() -> None:
    """Let this process have had every canary in its hands."""
    for secret in CANARIES.values():
        remember(secret)


@dataclass
class Watch:
    """A workspace with secrets in the files *own*, the *tokens* that its CRM gave, and what verbs ended with."""

    folder: Path
    own: Sequence[str]
    tokens: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)

    def call(self, *words: object) -> str:
        """Return what ``overlap WORDS`` says, tracebacks included, and make sure that no secret is in it."""
        done = CliRunner().invoke(main.app, [*map(str, words), "--dir", str(self.folder)])
        said = done.stdout + done.stderr
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            told = io.StringIO()
            with redirect_stderr(told):
                main._without_secrets(*done.exc_info)
            said += told.getvalue()
        self.codes.append(done.exit_code)
        assert leaks(said.encode(), self.secrets()) == set(), (words, done.exit_code)
        return said

    def secrets(self) -> dict[str, str]:
        kept = {name: (self.folder / name).read_text() for name in self.own}
        return CANARIES | kept | {f"token-{at}": token for at, token in enumerate(self.tokens)}

    def assert_files_are_clean(self) -> None:
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name not in self.own:
                content = path.read_bytes()
                content = gzip.decompress(content) if path.suffix == ".gz" else content
                assert leaks(content, self.secrets()) == set(), path.name

    def steps_of(self, *words: object) -> list[str]:
        """Return the steps that ``overlap WORDS`` comes to, each once."""
        came: dict[str, None] = {}
        steps.listen(lambda name: came.update({name: None}))
        try:
            self.call(*words)
        finally:
            steps.listen(None)
        return [*came]

    def burst(self, step: str, *words: object) -> None:
        """Let ``overlap WORDS`` come to an error that nobody foresaw, full of secrets, when it comes to *step*."""

        def hook(now: str) -> None:
            if now == step:
                local = " ".join(self.secrets().values())
                raise RuntimeError(f"{step}: {local}")

        steps.listen(hook)
        try:
            said = self.call(*words)
        finally:
            steps.listen(None)
        assert "RuntimeError" in said, f"{step} was not come to"


def burst_at_every(share: int, again: Callable[[], Watch], *words: object) -> int:
    """Burst ``overlap WORDS`` at every *share*-th of its steps, each time in a workspace as *again* makes it.

    What it leaves behind is looked through, and how often it burst is returned.
    """
    names = again().steps_of(*words)[::share]
    for name in names:
        watch = again()
        watch.burst(name, *words)
        watch.assert_files_are_clean()
    return len(names)
