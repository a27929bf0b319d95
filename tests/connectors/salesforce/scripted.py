"""A server on a real TLS socket that answers from a script: for faults that no well-behaved org shows on demand."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import trustme

from config.salesforce import SalesforceSettings
from connectors.base import Vault
from connectors.salesforce.session import SalesforceSession

TOKEN = "00Dscripted!a-token-that-no-message-may-show"
SECRETS = {"env:KEY": "the-consumer-key", "env:SECRET": "the-consumer-secret"}
SILENT = -1
EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


@dataclass
class Script:
    """Answers by path: a list is used up from its start, its last answer stays. An answer is (status, body).

    Status 0 hangs up without a word, `SILENT` says nothing until the test sets *released*.
    """

    url: str
    ca_file: Path
    answers: dict[str, list[tuple[int, object]]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def next(self, path: str) -> tuple[int, object]:
        known = next((key for key in self.answers if key in path), None)
        if known is None:
            return 404, [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
        answers = self.answers[known]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def count(self, path: str) -> int:
        return sum(path in request for request in self.requests)


@contextmanager
def scripted(folder: Path) -> Iterator[Script]:
    """A server that signs everybody in and knows its organization; a test adds the answers that it is about."""
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    script = Script(f"https://localhost:{server.server_port}", ca_file)
    script.answers["oauth2/token"] = [(200, {"access_token": TOKEN, "instance_url": script.url})]
    script.answers["FROM+Organization"] = [(200, {"done": True, "records": [{"Id": "00D000000000001AAA"}]})]
    server.script = script
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        script.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def opened(script: Script, ca_file: Path | None = None, login_url: str | None = None) -> SalesforceSession:
    settings = SalesforceSettings(
        type="salesforce",
        login_url=login_url or script.url,
        consumer_key="env:KEY",
        consumer_secret="env:SECRET",
        ca_file=ca_file or script.ca_file,
    )
    return SalesforceSession("crm", settings, Vault(SECRETS.__getitem__), Path("/"))


def refusal(code: str, message: str = "words") -> list[dict[str, str]]:
    return [{"message": message, "errorCode": code}]


def describe(script: Script, object_name: str, fields: Iterable[str]) -> None:
    """Let the server describe an object with *fields*."""
    described = {"fields": [{"name": name} for name in fields]}
    script.answers[f"sobjects/{object_name}/describe"] = [(200, described)]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        script: Script = self.server.script
        script.requests.append(f"{self.command} {self.path}")
        script.authorizations.append(self.headers.get("Authorization", ""))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = script.next(self.path)
        if status == SILENT:
            script.released.wait(10)
        if status in (0, SILENT):
            return
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in script.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PATCH = do_GET  # noqa: N815 (names that http.server looks for)

    def log_message(self, *_: object) -> None:
        """Say nothing: requests are kept in the script."""
