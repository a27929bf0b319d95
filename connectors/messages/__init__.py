"""Where messages to people go: e-mail, Slack, a signed webhook, or what apprise knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from config.telling import AppriseSettings, ChannelSettings, EmailSettings, SlackSettings
from connectors.authority import ca_file
from connectors.messages.letter import Channel


def channel(name: str, settings: ChannelSettings, secret: Callable[[str], str], folder: Path) -> Channel:
    """Return channel *name*; nothing is asked of it yet. *secret* resolves references, *folder* is the workspace.

    Raises:
        ConfigError: a secret or a file is not there, or an extra is not installed.
    """
    where = f"channel '{name}'"
    if isinstance(settings, AppriseSettings):
        from connectors.messages.by_apprise import Apprise

        return Apprise(where, secret(settings.url))
    authority = ca_file(where, settings.ca_file, folder)
    if isinstance(settings, EmailSettings):
        from connectors.messages.mail import Mail

        return Mail(where, settings, secret(settings.password) if settings.password else None, authority)
    if isinstance(settings, SlackSettings):
        from connectors.messages.slack import Slack, SlackHook

        if settings.token is not None:
            return Slack(where, secret(settings.token), settings, authority)
        return SlackHook(where, secret(settings.webhook or ""), settings, authority)
    from connectors.messages.webhook import Webhook

    return Webhook(where, settings, secret(settings.secret), authority)
