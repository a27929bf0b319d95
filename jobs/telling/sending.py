"""Send what waits in the outbox of messages. A message that left without an answer is not sent again blindly.

Where the receiver knows a message by its id (a webhook), it waits for another try; where a person would get it twice,
it is `in_doubt`: it may not have arrived, and that is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import stamina

from config.secrets import resolve
from connectors.messages import channel
from connectors.messages.letter import Channel, Letter
from jobs.context import Context
from jobs.partners.terms import terms_of
from jobs.steps import step
from jobs.stores import messages
from jobs.stores.lock import lock_file
from jobs.stores.messages import Message, State
from overlap.errors import AccessError, BusyError, ConfigError, OverlapError, RecordError, TransientError
from overlap.terms import withdrawn

_TRIES: Final = 3
#: Longer than this, nobody waits for a channel that asks for patience; the next call tries again.
_LONGEST_WAIT_S: Final = 30.0
#: What nobody took by then is news no more.
_KEPT_DAYS: Final = 7
_NO_ANSWER: Final = "no answer came: it may not have arrived, and is not sent again"


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one message; *error* says why it was not taken, or not surely."""

    kind: str
    channel: str
    recipient: str
    title: str
    state: State
    error: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether it surely arrived."""
        return self.state is State.DONE


def deliver(context: Context) -> list[Sent]:
    """Send every message that waits, and say what became of each, and of those that a crash left behind.

    Raises:
        GuardError: another process is sending.
    """
    with lock_file(context.workspace.folder / ".messages.lock"):
        channels = _Channels(context)
        told = [_left_behind(context, channels, one) for one in messages.waiting(context.ledger, State.SENT)]
        waiting = messages.waiting(context.ledger, State.PENDING)
        return [*(one for one in told if one is not None), *(_sent(context, channels, one) for one in waiting)]


@dataclass
class _Channels:
    """The channels of the settings, each opened when it is first needed; one that is shut stays so."""

    context: Context
    opened: dict[str, Channel | OverlapError] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Channel:
        if name not in self.opened:
            self.opened[name] = self._open(name)
        found = self.opened[name]
        if isinstance(found, OverlapError):
            raise found
        return found

    def _open(self, name: str) -> Channel | OverlapError:
        workspace = self.context.workspace
        settings = workspace.settings.telling.channels.get(name)
        if settings is None:
            return ConfigError(f"there is no channel '{name}' any more")
        try:
            return channel(name, settings, lambda reference: resolve(reference, workspace.folder), workspace.folder)
        except OverlapError as error:
            return error


def _left_behind(context: Context, channels: _Channels, one: Message) -> Sent | None:
    """Settle a message that was on its way when its process ended; None: it waits for another try."""
    try:
        again = channels[one.channel].repeats and one.content is not None  # it may have been erased meanwhile
    except OverlapError:
        again = False
    state = State.PENDING if again else State.IN_DOUBT
    messages.settle(context.ledger, one.id, state, context.by_now(), None if again else _NO_ANSWER)
    return None if again else _said(one, state, _NO_ANSWER)


def _sent(context: Context, channels: _Channels, one: Message) -> Sent:
    if context.now - one.made_at > timedelta(days=_KEPT_DAYS):
        return _settled(context, one, State.EXPIRED, one.error or "nobody took it while it was news")
    if forbidden := withdrawn(messages.needs_of(context.ledger, one.id), terms_of(context), context.today):
        why = f"not sent: {'; '.join(f'{partner}: {said}' for partner, said in forbidden.items())}"
        messages.withdraw(context.ledger, one.id, context.by_now(), why)
        return _said(one, State.EXPIRED, why)
    try:
        way = channels[one.channel]
    except OverlapError as error:
        return _settled(context, one, State.PENDING, str(error))
    step("message: leave")
    if not messages.leave(context.ledger, one.id):
        return _said(one, State.SENT, "another process is sending it")
    step("message: left")
    try:
        _ask(lambda: way.send(_letter(context, one)))
    except BusyError as error:
        return _settled(context, one, State.PENDING, str(error))
    except TransientError as error:
        state = State.PENDING if way.repeats else State.IN_DOUBT
        return _settled(context, one, state, str(error) if way.repeats else f"{error}; {_NO_ANSWER}")
    except RecordError as error:
        return _settled(context, one, State.REFUSED, str(error))
    except AccessError as error:
        channels.opened[one.channel] = error
        return _settled(context, one, State.PENDING, str(error))
    step("message: taken")
    return _settled(context, one, State.DONE, None)


def _ask(send: Callable[[], None]) -> None:
    for attempt in stamina.retry_context(on=_patience, attempts=_TRIES, timeout=None):
        with attempt:
            send()


def _patience(error: Exception) -> bool | float:
    """Return how long to wait before a message that was surely not taken is sent again, in seconds; False: not now."""
    if not isinstance(error, BusyError):
        return False
    if error.retry_after_s is None:
        return True
    return error.retry_after_s if error.retry_after_s <= _LONGEST_WAIT_S else False


def _settled(context: Context, one: Message, state: State, error: str | None) -> Sent:
    messages.settle(context.ledger, one.id, state, context.by_now(), error)
    step("message: known")
    return _said(one, state, error)


def _said(one: Message, state: State, error: str | None) -> Sent:
    return Sent(one.kind, one.channel, one.recipient, one.title, state, error)


def _letter(context: Context, one: Message) -> Letter:
    assert one.content is not None, "what waits says something"
    content = one.content
    return Letter(
        id=one.key,
        kind=one.kind,
        recipient=one.recipient,
        title=one.title,
        text=content.text,
        html=content.html,
        slack=content.slack,
        made_at=one.made_at,
        facts=content.facts,
        files=[path for path in (context.workspace.folder / name for name in content.files) if path.is_file()],
    )
