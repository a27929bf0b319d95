"""A place to play histories: a sandbox, processes, and the state after each act that histories have in common.

What two histories share is played once. That is no shortcut in what is tested: a prefix played again comes to the same
state, which a test makes sure of.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.sandbox.direct import URL
from connectors.sandbox.server import Address
from tests.histories import oracle
from tests.histories.crms import SALESFORCE, Crm
from tests.histories.play import Player, Progress
from tests.histories.processes import Order, Processes, Real, forked
from tests.histories.script import OF_A_WORLD, History, Week, history, twin
from tests.jobs.conftest import Org
from tests.jobs.world import START
from tests.sandbox import copy_database

_IMMUTABLE = ("runs", "lists", "stats")
#: Memory, where there is some to write files into: what is tested is the death of processes, not of machines.
_MEMORY = Path("/dev/shm")


@dataclass
class Bench:
    """A sandbox, processes, and what has been played so far of the world at hand; *met* counts tries and faults."""

    folder: Path
    crm: Crm
    org: Org
    store: Any
    processes: Processes
    template: Path
    founding: list[str]
    kept: dict[str, tuple[Path, Progress]] = field(default_factory=dict)
    twins: dict[int, Progress] = field(default_factory=dict)
    is_sharing: bool = True
    met: Counter[str] = field(default_factory=Counter)

    def play(self, seed: int) -> Progress:
        """Play the history of *seed* beside its twin."""
        number = seed // OF_A_WORLD
        if number not in self.twins:
            self.forget()
            self.twins[number] = self.play_twin(seed)
        played = self._play(history(seed, self.crm.faults), self.twins[number])
        played.problems += [f"the twin, {problem}" for problem in self.twins[number].problems]
        return played

    def play_twin(self, seed: int) -> Progress:
        """Play the uninterrupted weeks of *seed*, and look whether they missed something."""
        progress = self._play(twin(seed, self.crm.faults), None)
        progress.problems += self.founding
        Player(self.workspace, self.crm, self.store, self.processes, progress, None, self.met).read_again()
        return progress

    def forget(self) -> None:
        """Throw away what was kept of an earlier world."""
        for folder, _ in self.kept.values():
            shutil.rmtree(folder)
        self.kept.clear()
        self.twins.clear()

    def _play(self, whole: History, beside: Progress | None) -> Progress:
        acts = whole.acts()
        begun, progress = self._begin(whole)
        player = Player(self.workspace, self.crm, self.store, self.processes, progress, beside, self.met)
        for place, act in enumerate(acts[begun:], begun):
            if isinstance(act, Week):
                player.live(act)
            else:
                player.work(act)
                if place + 1 == len(acts) or isinstance(acts[place + 1], Week):
                    player.judge()
            if self.is_sharing and place + 1 < len(acts):
                self._keep(whole.prefix(place + 1), progress)
        return progress

    def _begin(self, whole: History) -> tuple[int, Progress]:
        """Bring workspace and org to the last state that was kept of *whole*; return how many acts it has."""
        shutil.rmtree(self.workspace, ignore_errors=True)
        for length in range(len(whole.acts()) - 1, 0, -1) if self.is_sharing else ():
            found = self.kept.get(whole.prefix(length))
            if found is not None:
                self._copy(found[0], self.workspace.parent)
                return length, found[1].copy()
        self._copy(self.template, self.workspace.parent)
        return 0, Progress(changes=len(self.store.history()))

    def _keep(self, name: str, progress: Progress) -> None:
        if name in self.kept:
            return
        folder = self.folder / "kept" / f"{len(self.kept)}"
        folder.mkdir(parents=True)
        _copied(self.workspace, folder / "workspace")
        copy_database(self.org.folder / self.crm.file_name, folder / "org.sqlite")
        self.kept[name] = folder, progress.copy()

    def _copy(self, source: Path, target: Path) -> None:
        _copied(source / "workspace", target / "workspace")
        self.crm.put_back(self.org, source / "org.sqlite")

    @property
    def workspace(self) -> Path:
        return self.folder / "at work" / "workspace"


@contextmanager
def running_bench(crm: Crm = SALESFORCE, is_real: bool = False, is_sharing: bool = True) -> Iterator[Bench]:
    """Set up a bench whose template has done its first run; *is_real* runs the installed command, not forks."""
    place = _MEMORY if _MEMORY.is_dir() else None
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="histories-", dir=place)))
        store = stack.enter_context(crm.open(folder / "org"))
        address = stack.enter_context(crm.served(folder / "org")) if is_real else _unserved(folder, store)
        org = Org(address, folder / "org", folder / "blank.sqlite")
        processes: Processes = Real(folder, org.folder, crm.name)
        if not is_real:
            processes = stack.enter_context(forked(folder, org.folder, crm.name))
        template = folder / "template"
        founding = _found(crm, org, store, processes, template)
        yield Bench(folder, crm, org, store, processes, template, founding, is_sharing=is_sharing)


def _copied(source: Path, target: Path) -> None:
    """Copy a workspace; files that nobody ever changes are the same ones in both."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_IMMUTABLE))
    for name in _IMMUTABLE:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, copy_function=os.link)


def _unserved(folder: Path, store: Any) -> Address:
    """Where forked processes find the org: nobody listens there, they answer themselves, see server.py."""
    authority = folder / "authority.pem"
    authority.touch()
    return Address(URL, str(authority), *store.credentials)


def _found(crm: Crm, org: Org, store: Any, processes: Processes, template: Path) -> list[str]:
    """Do a first run at `START`, keep workspace and org as *template*, and return what was wrong with the run."""
    first = crm.set_up(org, store, template.parent / "at work" / "workspace")
    here = ("--dir", str(template.parent / "at work" / "workspace"))
    for command in filter(None, (first, ("run", "--approve"))):
        done = processes.run(Order((*command, *here), START))
        assert done.code == 0, done.stderr
    processes.rehearse(Order(("apply", "latest", "--yes", *here), START))
    asked = [(request.method, request.path, request.body) for request in store.requests()]
    problems = [*crm.problems(store, asked), *oracle.written(store.history(), store.api_user).problems]
    store.database.rows("delete from request")
    template.mkdir()
    shutil.copytree(template.parent / "at work" / "workspace", template / "workspace")
    copy_database(org.folder / crm.file_name, template / "org.sqlite")
    return [f"the first run: {problem}" for problem in problems]
