"""Lists on an SFTP server. Its host key is the one that the settings name, or nothing is said to it."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from config.sources import SourceSettings
from connectors.files.remote import Place, RemoteFile, Secret, at, fits, missing, refused
from overlap.errors import ConfigError, TransientError

_CHUNK: Final = 1_000_000


@contextmanager
def opened(files: str, source: SourceSettings, secret: Secret) -> Iterator[Place]:
    """Yield the folder of *files* (``sftp://HOST[:PORT]/FOLDER/NAME*``)."""
    try:
        import paramiko
    except ImportError as error:
        raise missing("paramiko", "sftp", "files = 'sftp://...'") from error
    parts = urlsplit(files.replace("?", "%3F").replace("#", "%23"))
    folder, _, pattern = unquote(parts.path).rpartition("/")
    try:
        port = parts.port or 22
    except ValueError as error:
        raise ConfigError(f"files = '{files}': the port is no number from 1 to 65535") from error
    if not parts.hostname or not pattern or any(sign in folder for sign in "*?["):
        raise ConfigError(f"files = '{files}': write sftp://HOST/FOLDER/NAME*, with * in the name only")
    client = _knowing(paramiko, parts.hostname if port == 22 else f"[{parts.hostname}]:{port}", source.host_key or "")
    try:
        client.connect(
            parts.hostname,
            port,
            username=source.username,
            password=secret(source.password) if source.password else None,
            pkey=_private(paramiko, secret(source.private_key)) if source.private_key else None,
            timeout=source.timeout_s,
            banner_timeout=source.timeout_s,
            auth_timeout=source.timeout_s,
            allow_agent=False,
            look_for_keys=False,
        )
        with client.open_sftp() as sftp:
            channel = sftp.get_channel()
            if channel is not None:
                channel.settimeout(source.timeout_s)
            yield _Folder(sftp, folder or "/", pattern)
    except paramiko.BadHostKeyException as error:
        raise refused(
            files,
            "the server has another host key than [partners.X.source] says",
            "ask the partner whether it was changed, and by whom; nothing was sent",
        ) from error
    except paramiko.AuthenticationException as error:
        raise refused(files, "the server does not let us in", "check username, password or private_key") from error
    except FileNotFoundError as error:
        raise refused(files, "there is no such folder", "check 'files'") from error
    except PermissionError as error:
        raise refused(files, "the folder or file may not be read", "ask the partner for the right to") from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise TransientError(f"{files}: {str(error) or type(error).__name__}") from error
    finally:
        client.close()


def _knowing(paramiko: Any, name: str, host_key: str) -> Any:
    """Return a client that talks to the server *name* if its key is *host_key*, and to nobody else."""
    kind = host_key.partition(" ")[0]
    try:
        entry = paramiko.hostkeys.HostKeyEntry.from_line(f"{name} {host_key}")
    except Exception as error:  # paramiko has no one error for it
        raise _no_key(name) from error
    if entry is None or entry.key is None:
        raise _no_key(name)
    client = paramiko.SSHClient()
    client.get_host_keys().add(name, kind, entry.key)
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    return client


def _no_key(name: str) -> ConfigError:
    return ConfigError(f"[partners.X.source] host_key of {name} is no key; write one like 'ssh-ed25519 AAAA...'")


def _private(paramiko: Any, text: str) -> Any:
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text + "\n"))
        except paramiko.SSHException:
            continue
    raise ConfigError("[partners.X.source] private_key is no key without a passphrase (Ed25519, ECDSA or RSA)")


class _Folder:
    def __init__(self, sftp: Any, folder: str, pattern: str) -> None:
        self._sftp = sftp
        self._folder = folder
        self._pattern = pattern

    def listing(self) -> list[RemoteFile]:
        """Return plain files only: a link may lead anywhere, a pipe never ends."""
        return [
            RemoteFile(one.filename, f"{self._folder.rstrip('/')}/{one.filename}", at(one.st_mtime or 0), one.st_size)
            for one in self._sftp.listdir_attr(self._folder)
            if stat.S_ISREG(one.st_mode or 0) and "/" not in one.filename and fits(one.filename, self._pattern)
        ]

    def read(self, file: RemoteFile) -> Iterator[bytes]:
        with self._sftp.open(file.place, "rb") as remote:
            remote.prefetch(file.size)
            while chunk := remote.read(_CHUNK):
                yield chunk
