"""A newsroom with a mail server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stamina

from jobs import steps
from tests.connectors.messages.servers import Post, running
from tests.jobs.telling.newsroom import Newsroom, make


@pytest.fixture
def post() -> Iterator[Post]:
    with running(Post()) as server, stamina.set_testing(True, attempts=2, cap=True):
        yield server


@pytest.fixture
def news(post: Post, tmp_path: Path) -> Newsroom:
    return make(tmp_path / "workspace", post.port)


@pytest.fixture
def at_each_step() -> Iterator[Callable[[Callable[[str], None] | None], None]]:
    """Hand it a function, and it is called with the name of each step of the work."""
    yield steps.listen
    steps.listen(None)
