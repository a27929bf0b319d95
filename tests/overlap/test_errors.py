from __future__ import annotations

import pytest

from overlap import errors
from overlap.errors import ConfigError, OverlapError, TransientError
from overlap.redaction import remember

AGREED = {  # what a shell sees
    "OverlapError": 1,
    "ConfigError": 2,
    "TransientError": 3,
    "BusyError": 3,
    "PausedError": 3,
    "StoppedError": 130,
    "AccessError": 3,
    "RecordError": 5,
    "StalePlanError": 6,
    "GuardError": 6,
    "InUseError": 6,
}


def test_every_error_has_the_agreed_exit_code() -> None:
    found = {name: kind.exit_code for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert found == AGREED


def test_one_root_catches_all_of_ours() -> None:
    assert all(issubclass(getattr(errors, name), OverlapError) for name in AGREED)


@pytest.mark.parametrize("asked", [None, 0.0, 2.5])
def test_a_passing_error_knows_how_long_to_wait_if_it_was_told(asked) -> None:
    assert TransientError("busy", asked).retry_after_s == asked
    assert TransientError("busy").retry_after_s is None


def test_an_error_is_shown_as_it_was_said() -> None:
    assert str(TransientError("busy", 3)) == "busy"
    assert str(ConfigError("fix this")) == "fix this"


def test_an_error_says_no_secret_whichever_way_a_library_writes_it() -> None:
    secret = remember("qq'secret\\of/ours")
    said = OverlapError(f'it said "{secret}"')
    assert str(said) == 'it said "***"'
    assert repr(said) == "OverlapError('it said \"***\"')"
