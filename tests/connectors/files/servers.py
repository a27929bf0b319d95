"""Servers on loopback that lists lie on: a bucket, an SFTP server, and Google's sign-in and export."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import jwt


@dataclass
class Web:
    """What an HTTP server answers: *reply* gets method, path, headers and body, and returns status, headers, body."""

    reply: Any
    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def web(reply: Any) -> Iterator[Web]:
    state = Web(reply)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            state.asked.append(f"{self.command} {self.path}")
            status, headers, sent = state.reply(self.command, self.path, self.headers, body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(sent)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_HEAD = answer  # noqa: N815  # the names that http.server asks for

        def log_message(self, *words: object) -> None:
            del words

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Bucket:
    """Objects by key, each with its time and bytes; a page of the listing has two.

    While they are read, they grow by *growth*, and are written anew at the time *rewritten*.
    """

    objects: dict[str, tuple[datetime, bytes]]
    failures: int = 0
    growth: bytes = b""
    rewritten: datetime | None = None

    def __call__(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        del method, body
        if "Credential=AKIA" not in headers.get("Authorization", ""):
            return 403, {}, self._error("InvalidAccessKeyId", "no such key")
        if self.failures:
            self.failures -= 1
            return 503, {}, self._error("SlowDown", "reduce your request rate")
        parts = urlsplit(path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        if bucket != "lists":
            return 404, {}, self._error("NoSuchBucket", "no such bucket")
        if key and self.rewritten is not None:
            self.objects[key] = (self.rewritten, self.objects[key][1])
        if key:
            return 200, {"Content-Type": "application/octet-stream"}, self.objects[key][1] + self.growth
        return 200, {"Content-Type": "application/xml"}, self._page(parse_qs(parts.query))

    def _page(self, query: dict[str, list[str]]) -> bytes:
        prefix = query.get("prefix", [""])[0]
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        start = int(query.get("continuation-token", ["0"])[0])
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{self.objects[key][0]:%Y-%m-%dT%H:%M:%S}.000Z"
            f"</LastModified><ETag>x</ETag><Size>{len(self.objects[key][1])}</Size></Contents>"
            for key in keys[start : start + 2]
        )
        more = start + 2 < len(keys)
        token = f"<NextContinuationToken>{start + 2}</NextContinuationToken>" if more else ""
        return (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>lists</Name><IsTruncated>{str(more).lower()}</IsTruncated>{token}{contents}</ListBucketResult>"
        ).encode()

    @staticmethod
    def _error(code: str, message: str) -> bytes:
        return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'.encode()


@dataclass
class Google:
    """Sheets by the address of their export, for whoever signs in with *public_key*'s private one."""

    public_key: str
    sheets: dict[str, bytes]

    def __call__(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if method == "POST":
            claim = parse_qs(body.decode())["assertion"][0]
            try:
                said = jwt.decode(
                    claim, self.public_key, algorithms=["RS256"], audience="https://oauth2.googleapis.com/token"
                )
            except jwt.InvalidTokenError:
                return 400, {"Content-Type": "application/json"}, b'{"error": "invalid_grant"}'
            assert "drive.readonly" in said["scope"]
            token = json.dumps({"access_token": "let-me-in", "expires_in": 3600, "token_type": "Bearer"})
            return 200, {"Content-Type": "application/json"}, token.encode()
        if headers.get("Authorization") != "Bearer let-me-in" or path not in self.sheets:
            return 404, {}, b"<html>not found</html>"
        return 200, {"Content-Type": "application/octet-stream"}, self.sheets[path]


@contextmanager
def sftp(folder: Path, password: str, keys: Sequence[str] = ()) -> Iterator[tuple[int, str]]:
    """Serve *folder* to ``globex`` with *password* or one of *keys*; yields the port and the host key's line."""
    import paramiko

    host_key = paramiko.ECDSAKey.generate()
    door, files = _door(password, keys), _files(folder)
    listening = socket.create_server(("127.0.0.1", 0))
    transports: list[Any] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, files)
            transports.append(transport)
            try:
                transport.start_server(server=door())
            except (paramiko.SSHException, EOFError, OSError):
                continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1], f"{host_key.get_name()} {host_key.get_base64()}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for transport in transports:
            transport.close()
        thread.join()


def _door(password: str, keys: Sequence[str]) -> Any:
    """Who is let in."""
    import paramiko

    class Door(paramiko.ServerInterface):
        def check_auth_password(self, username: str, given: str) -> int:
            good = (username, given) == ("globex", password)
            return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

        def check_auth_publickey(self, username: str, key: Any) -> int:
            good = (username, key.get_base64() in keys) == ("globex", True)
            return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

        def check_channel_request(self, kind: str, chanid: int) -> int:
            del kind, chanid
            return paramiko.OPEN_SUCCEEDED

        def get_allowed_auths(self, username: str) -> str:
            del username
            return "password,publickey"

    return Door


def _files(folder: Path) -> Any:
    """What there is to see."""
    import paramiko

    class Files(paramiko.SFTPServerInterface):
        def list_folder(self, path: str) -> Any:
            place = folder / path.lstrip("/")
            if not place.is_dir():
                return paramiko.SFTP_NO_SUCH_FILE
            return [paramiko.SFTPAttributes.from_stat(one.lstat(), one.name) for one in place.iterdir()]

        def stat(self, path: str) -> Any:
            return paramiko.SFTPAttributes.from_stat((folder / path.lstrip("/")).stat())

        def open(self, path: str, flags: int, attr: Any) -> Any:
            del flags, attr
            handle = paramiko.SFTPHandle(0)
            handle.readfile = (folder / path.lstrip("/")).open("rb")
            return handle

    return Files


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)
