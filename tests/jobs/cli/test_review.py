"""`overlap review` at a real terminal, and what it says where there is none."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Sequence

from tests.jobs.cli.terminal import SCRIPT, Desk
from tests.jobs.reviewing.conftest import doubtful_rows
from tests.jobs.world import GLOBEX, LISTED, listed


def typed(keys: Sequence[str], *words: object) -> tuple[int, str]:
    """Type *keys* once the screen asks for the first; return the exit code and all that was shown."""
    screen, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "50"}
    shown, waiting = b"", list(keys)
    with subprocess.Popen(
        [str(SCRIPT), *map(str, words)], stdin=terminal, stdout=terminal, stderr=terminal, env=environment
    ) as process:
        os.close(terminal)
        while True:
            try:
                shown += os.read(screen, 4096)
            except OSError:  # how Linux says that the other side has closed
                break
            if waiting and b"q quit" in shown:  # all at once: what is typed ahead must not get lost
                os.write(screen, "".join(waiting).encode())
                waiting.clear()
    os.close(screen)
    return process.returncode, shown.decode()


def test_pairs_are_settled_by_single_keys_and_each_verdict_is_kept(desk: Desk):
    desk.world.send(GLOBEX, [*listed(*LISTED), *doubtful_rows()])
    for verb in ("pull", "match"):
        assert desk.overlap(verb).code == 0
    code, shown = typed(["r", "u", "a", "s", "r", "\x1b[A", "?", "q"], "review", "--dir", desk.folder)
    assert code == 0, shown
    assert "1 same, 1 different, 1 still open" in shown
    for told in ("Ginkgo Textiles", "ours (salesforce)", "different websites", "priority", "→", "previous pair"):
        assert told in shown, told
    kept = desk.overlap("judgements", "list", "--json").json["judgements"]
    assert sorted((one["verdict"], one["source"]) for one in kept) == [("different", "review"), ("same", "review")]
    assert len(desk.overlap("judgements", "list", "--all", "--json").json["judgements"]) == 3


def test_without_a_terminal_it_names_the_list_and_the_workbook(desk: Desk):
    said = desk.overlap("review")
    assert said.code == 2
    assert said.error.startswith("review asks for single keys and needs a terminal; 'overlap reviews' lists the pairs")
    assert "overlap review --workbook FILE" in said.error
