"""What stops one CRM is kept while the others go on, and says what is to be done next."""

from __future__ import annotations

import pytest

from jobs.unfinished import UnfinishedError, keeping
from overlap.errors import AccessError, ConfigError, GuardError, InUseError, StalePlanError, TransientError


@pytest.mark.parametrize(
    ("errors", "kind", "exit_code"),
    [
        ([GuardError("held")], "GuardError", 6),
        ([GuardError("held"), InUseError("another")], "InUseError", 6),
        ([StalePlanError("moved on")], "StalePlanError", 6),
        ([AccessError("refused"), GuardError("held")], "AccessError", 3),
        ([TransientError("503"), InUseError("another")], "InUseError", 3),
    ],
)
def test_of_several_errors_the_one_after_which_the_same_may_work_says_what_it_is(errors, kind, exit_code):
    unfinished = UnfinishedError(dict(enumerate(errors)), None)
    assert (unfinished.kind, unfinished.exit_code) == (kind, exit_code)


def test_wrong_settings_stop_everything():
    stopped = {}
    with pytest.raises(ConfigError), keeping(stopped, "salesforce"):
        raise ConfigError("no such field")
    with keeping(stopped, "salesforce"):
        raise TransientError("503")
    assert list(stopped) == ["salesforce"]
