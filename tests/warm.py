"""What processes that run `overlap` for tests have in common: a warm one stands ready, and each run is a fork of it."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import anyascii._data
import cryptography.fernet
import pycountry
import typer.main
from numba.core.dispatcher import Dispatcher

import connectors.hubspot.connection
import connectors.salesforce.connection
import jobs.finding.match
import jobs.pulling.pull
import jobs.run
import jobs.stores.tokens
import jobs.writeback.plan
import jobs.writeback.undo
from jobs.cli import main, show
from overlap import filter_text

PRELOADED = (
    *(anyascii._data, cryptography.fernet, connectors.hubspot.connection, connectors.salesforce.connection),
    *(jobs.finding.match, jobs.pulling.pull, jobs.run, jobs.stores.tokens, jobs.writeback.plan, jobs.writeback.undo),
    show,
    filter_text,
)
#: The command line and the tables of countries take a process a while to build: here it is done once for all.
COMMAND = typer.main.get_command(main.app)
COUNTRIES = (list(pycountry.countries), list(pycountry.subdivisions))


def load_compiled() -> None:
    """Load what numba has compiled before; it takes a second, and running it here would start threads.

    A thread does not survive a fork, and a child that waits for one waits for ever.
    """
    rooms = [vars(room) for name, room in list(sys.modules.items()) if name.startswith("matching.")]
    for function in {id(thing): thing for room in rooms for thing in room.values()}.values():
        if isinstance(function, Dispatcher):
            for signature, *_ in function._cache._cache_file._load_index():
                function.compile(signature)


def rehearse(run: Callable[[], int], tidy: Callable[[], object] = gc.collect) -> int:
    """Do *run*, which may start no thread, in this process: what it builds and compiles every child then has.

    *tidy* closes what does not survive a fork.
    """
    gc.unfreeze()
    threads = _threads()
    code = run()
    started = _threads() - threads
    assert not started, f"threads were started, and would be missing in each fork: {started}"
    tidy()
    gc.collect()
    gc.freeze()  # what is there now stays: no child need look through it
    return code


def _threads() -> Counter[str]:
    """Count the threads of this process by name."""
    return Counter((task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir())
