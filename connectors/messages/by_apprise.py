"""Any service that apprise knows. It says yes or no and not why, so that nothing is ever sent twice."""

from __future__ import annotations

import logging

from connectors.messages.letter import Letter
from overlap.errors import AccessError, ConfigError, TransientError
from overlap.redaction import remember_address


class Apprise:
    """One address of apprise."""

    repeats = False

    def __init__(self, where: str, url: str) -> None:
        try:
            import apprise
        except ImportError as error:
            raise ConfigError(
                f"{where}: type = 'apprise' needs the package 'apprise': pip install 'overlap-engine[apprise]'"
            ) from error
        remember_address(url)
        logging.getLogger("apprise").addHandler(logging.NullHandler())
        self._where, self._client = where, apprise.Apprise()
        if not self._client.add(url):
            raise AccessError(f"{where}: apprise cannot read its url; correct the secret")

    def send(self, letter: Letter) -> None:
        """Send *letter* as plain text."""
        if not self._client.notify(title=letter.title, body=letter.text, body_format="text"):
            raise TransientError(f"{self._where}: apprise could not say that it was sent")
