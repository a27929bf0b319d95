"""Run the sandbox: real HTTPS on the loopback interface, state and certificate in one folder, until it is told to stop.

A second start in a folder goes on where the first one stopped: same records, same credentials, same certificate, and
the same port if it is still free.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from connectors.sandbox.database import FILE_NAME
from connectors.sandbox.replies import TRANSPORT
from connectors.sandbox.salesforce import application
from connectors.sandbox.store import Store
from overlap.errors import ConfigError

_ADDRESS: Final = "sandbox.json"
_CA, _SERVER = "ca.pem", "server.pem"
_GRACE_S: Final = 1


@dataclass(frozen=True, slots=True)
class Address:
    """How to reach a running sandbox: *url* is its My Domain, *ca_file* the authority to trust."""

    url: str
    ca_file: str
    consumer_key: str
    consumer_secret: str


@dataclass(frozen=True, slots=True)
class Crm:
    """Which CRM is served: the file of its state, how that is opened, who answers for it, and where it is.

    *locate* gets the store, the URL and the file of the authority, and returns what `read_address` gives back.
    """

    file_name: str
    open: Callable[[Path], AbstractContextManager[Any]]
    application: Callable[[Any, str], Starlette]
    locate: Callable[[Any, str, str], Any]


def _locate(store: Store, url: str, ca_file: str) -> Address:
    key, secret = store.credentials
    return Address(url, ca_file, key, secret)


SALESFORCE: Final = Crm(FILE_NAME, Store.open, application, _locate)


def serve(folder: Path, port: int = 0, ready: Callable[[Any], None] | None = None, crm: Crm = SALESFORCE) -> None:
    """Serve the org in *folder* until SIGTERM or SIGINT; *port* 0 takes the last port if it is free, or any.

    Once it listens, it writes ``sandbox.json`` into *folder* and calls *ready* with its address.

    Raises:
        ConfigError: another sandbox runs in *folder*, another CRM's lives there, or *port* is taken.
    """
    folder = own(folder, crm)
    with _alone(folder), crm.open(folder) as store, _listener(folder, port) as listener:
        _certify(folder)
        address = _address(crm, store, listener, folder)

        def listening() -> None:
            _announce(folder, address)
            if ready is not None:
                ready(address)

        _Server(_config(crm.application(store, address.url), folder), listening).run(sockets=[listener])


@contextmanager
def in_a_thread(folder: Path, crm: Crm = SALESFORCE) -> Iterator[Any]:
    """Serve the org in *folder* from a thread of this process, and yield how to reach it.

    For campaigns of thousands of short histories: nothing is started but a thread, and the same sockets, certificates
    and requests are in between as with a process of its own.

    Raises:
        ConfigError: another sandbox runs in *folder*.
    """
    folder = own(folder, crm)
    with _alone(folder), _listener(folder, 0) as listener:
        _certify(folder)
        told: Queue[Any] = Queue()
        server: list[uvicorn.Server] = []

        def run() -> None:
            try:
                with crm.open(folder) as store:  # SQLite wants its connection in the thread that uses it
                    address = _address(crm, store, listener, folder)
                    app = crm.application(store, address.url)
                    server.append(_Server(_config(app, folder), lambda: told.put(address)))
                    server[0].run(sockets=[listener])
            except BaseException as error:
                told.put(error)
                raise

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            address = told.get()
            if isinstance(address, BaseException):
                raise address
            _announce(folder, address)
            yield address
        finally:
            if server:
                server[0].should_exit = True
            thread.join()


def read_address(folder: Path, kind: Callable[..., Any] = Address) -> Any:
    """Return how to reach the sandbox that runs, or last ran, in *folder*, as the *kind* of its CRM.

    Raises:
        ConfigError: none ever ran there.
    """
    path = folder / _ADDRESS
    try:
        return kind(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"no sandbox in {folder}: start one with 'overlap sandbox salesforce --dir'") from error


def main(folder: str, port: int = 0, crm: Crm = SALESFORCE) -> None:
    """Serve *folder* and print the address as one line of JSON once it listens."""
    serve(Path(folder), port, lambda address: print(json.dumps(asdict(address)), flush=True), crm)  # noqa: T201 -- data


def _address(crm: Crm, store: Any, listener: socket.socket, folder: Path) -> Any:
    return crm.locate(store, f"https://localhost:{listener.getsockname()[1]}", str(folder / _CA))


def own(folder: Path, crm: Crm) -> Path:
    """Make *folder* if it is missing, and return it whole.

    Raises:
        ConfigError: a sandbox of another CRM lives there.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    others = [path.stem for path in folder.glob("*.sqlite") if path.name != crm.file_name]
    if others:
        raise ConfigError(f"{folder} holds a sandbox of {others[0]}: choose another folder")
    return folder


def _config(app: Starlette, folder: Path) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,
        ssl_certfile=folder / _SERVER,
        lifespan="off",
        access_log=False,
        log_level="warning",
        date_header=False,  # the org's own clock says the time
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )


class _Protocol(H11Protocol):
    """Puts the connection beside the request: some replies are to be cut."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app = self.app

        async def connected(scope: Any, receive: Any, send: Any) -> None:
            scope[TRANSPORT] = self.transport
            await app(scope, receive, send)

        self.app = connected


class _Server(uvicorn.Server):
    """Tells when it listens, and ends in peace: uvicorn would raise the signal again after its clean stop."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A client with a kept-alive connection answers no TLS goodbye: idle connections are cut, not waited for.
        for connection in list(self.server_state.connections):
            if isinstance(connection, H11Protocol) and (not connection.cycle or connection.cycle.response_complete):
                connection.transport.abort()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signals = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "sandbox.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(f"a sandbox already runs in {folder}: stop it, or choose another folder") from error
        yield


@contextmanager
def _listener(folder: Path, port: int) -> Iterator[socket.socket]:
    # The protocol by name: asyncio sends small answers at once only on a socket that says it is TCP.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port or _last_port(folder)))
        except OSError as error:
            if port:
                raise ConfigError(f"port {port} is taken: choose another, or 0 for any free one") from error
            listener.bind(("127.0.0.1", 0))
        yield listener


def _last_port(folder: Path) -> int:
    try:
        return int(json.loads((folder / _ADDRESS).read_text(encoding="utf-8"))["url"].rpartition(":")[2])
    except (OSError, ValueError, LookupError, TypeError):
        return 0


def _certify(folder: Path) -> None:
    """Make an authority and a certificate for localhost, once."""
    if (folder / _CA).exists() and (folder / _SERVER).exists():
        return
    import trustme  # only the first start in a folder pays for it

    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    _write(folder / _SERVER, certificate.private_key_and_cert_chain_pem.bytes())
    _write(folder / _CA, authority.cert_pem.bytes())


def _announce(folder: Path, address: Any) -> None:
    _write(folder / _ADDRESS, json.dumps(asdict(address), indent=2).encode())


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_suffix(".new")
    with open(draft, "wb", opener=_private) as file:
        file.write(content)
    draft.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
