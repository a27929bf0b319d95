"""What apprise knows, and that it is an extra."""

from __future__ import annotations

import sys

import pytest

from connectors.messages.by_apprise import Apprise
from overlap.errors import AccessError, ConfigError, TransientError
from tests.connectors.files.servers import web
from tests.connectors.messages.servers import letter, taker


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what apprise itself imports
def test_a_letter_goes_by_apprise_and_its_no_leaves_it_open():
    got = []
    with web(taker(got, 200)) as server:
        way = Apprise("channel 'else'", server.url.replace("http://", "json://"))
        way.send(letter())
        assert b"Zeile eins" in got[0][2]
        server.reply = lambda *_: (500, {}, b"")
        with pytest.raises(TransientError):
            way.send(letter())


def test_an_address_that_apprise_cannot_read_and_a_missing_extra_have_their_remedy(monkeypatch):
    with pytest.raises(AccessError, match="apprise cannot read its url"):
        Apprise("channel 'else'", "nonsense")
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError, match=r"pip install 'overlap-engine\[apprise\]'"):
        Apprise("channel 'else'", "json://x")
