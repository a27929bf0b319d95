"""A place to play histories: a sandbox, processes, and the state after each act that histories have in common.

What two histories share is played once. That is no shortcut in what is tested: a prefix played again comes to the same
state, which a test makes sure of.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.sandbox.server import Address
from tests.histories import oracle
from tests.histories.crms import SALESFORCE, Crm, Site
from tests.histories.play import Player, Progress
from tests.histories.processes import Order, Processes, Real, forked
from tests.histories.script import OF_A_WORLD, History, Week, history
from tests.jobs.conftest import Org
from tests.jobs.world import GLOBEX, INITECH, LISTED, START, listed
from tests.sandbox import copy_database

_IMMUTABLE = ("runs", "lists", "stats")
#: A second run on unchanged input costs as much as a history: one in so many shows that it writes nothing.
_RUN_AGAIN_EACH = 10
#: Memory, where there is some to write files into: what is tested is the death of processes, not of machines.
_MEMORY = Path("/dev/shm")


@dataclass
class Bench:
    """A sandbox, processes, and what has been played so far of the world at hand; *met* counts tries and faults."""

    folder: Path
    sites: tuple[Site, ...]
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
            self.twins[number] = self.play_twin(self.script(seed))
        return self._beside(self.script(seed), self.twins[number])

    def play_whole(self, whole: History) -> Progress:
        """Play a history that no seed makes any more, and its twin before."""
        self.forget()
        return self._beside(whole, self.play_twin(whole))

    def play_twin(self, whole: History) -> Progress:
        """Play the weeks of *whole* uninterrupted, and look whether they missed something."""
        progress = self._play(whole.uninterrupted(), None)
        progress.problems += self.founding
        self._player(progress, None).read_again()
        return progress

    def script(self, seed: int) -> History:
        """Return the history of *seed* with the CRMs at hand."""
        return history(seed, tuple(site.crm.faults for site in self.sites))

    def _beside(self, whole: History, twin: Progress) -> Progress:
        played = self._play(whole, twin)
        if whole.seed % _RUN_AGAIN_EACH == 0:
            self._player(played, None).run_again()
        played.problems += [f"the twin, {problem}" for problem in twin.problems]
        return played

    def begun(self) -> Progress:
        """Put workspace and CRMs where the first run has left them, and return that as progress."""
        shutil.rmtree(self.workspace, ignore_errors=True)
        self._copy(self.template, self.workspace.parent)
        return Progress(changes={site.crm.name: len(site.store.history()) for site in self.sites})

    def forget(self) -> None:
        """Throw away what was kept of an earlier world."""
        for folder, _ in self.kept.values():
            shutil.rmtree(folder)
        self.kept.clear()
        self.twins.clear()

    def _play(self, whole: History, beside: Progress | None) -> Progress:
        acts = whole.acts()
        begun, progress = self._begin(whole)
        player = self._player(progress, beside)
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

    def _player(self, progress: Progress, beside: Progress | None) -> Player:
        return Player(self.workspace, self.sites, self.processes, progress, beside, self.met)

    def _begin(self, whole: History) -> tuple[int, Progress]:
        """Bring workspace and org to the last state that was kept of *whole*; return how many acts it has."""
        shutil.rmtree(self.workspace, ignore_errors=True)
        for length in range(len(whole.acts()) - 1, 0, -1) if self.is_sharing else ():
            found = self.kept.get(whole.prefix(length))
            if found is not None:
                self._copy(found[0], self.workspace.parent)
                return length, found[1].copy()
        return 0, self.begun()

    def _keep(self, name: str, progress: Progress) -> None:
        if name in self.kept:
            return
        folder = self.folder / "kept" / f"{len(self.kept)}"
        folder.mkdir(parents=True)
        _copied(self.workspace, folder / "workspace")
        _keep_orgs(self.sites, folder)
        self.kept[name] = folder, progress.copy()

    def _copy(self, source: Path, target: Path) -> None:
        _copied(source / "workspace", target / "workspace")
        for site in self.sites:
            site.crm.put_back(site.org, source / f"{site.crm.name}.sqlite")

    @property
    def workspace(self) -> Path:
        return self.folder / "at work" / "workspace"


@contextmanager
def running_bench(
    cast: Sequence[Crm] = (SALESFORCE,), is_real: bool = False, is_sharing: bool = True, is_served: bool = False
) -> Iterator[Bench]:
    """Set up a bench with the CRMs of *cast* whose template has done its first run.

    *is_real* runs the installed command, not forks. *is_served* keeps the CRMs out of the processes that run it.
    """
    place = _MEMORY if _MEMORY.is_dir() else None
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="histories-", dir=place)))
        sites = tuple(stack.enter_context(_site(crm, folder / crm.name, is_real or is_served)) for crm in cast)
        processes: Processes = Real(folder, sites)
        if not is_real:
            processes = stack.enter_context(forked(folder, sites, is_served))
        template = folder / "template"
        founding = _found(sites, processes, template)
        yield Bench(folder, sites, processes, template, founding, is_sharing=is_sharing)


@contextmanager
def _site(crm: Crm, folder: Path, is_served: bool) -> Iterator[Site]:
    with ExitStack() as stack:
        store = stack.enter_context(crm.open(folder))
        address = stack.enter_context(crm.served(folder)) if is_served else _unserved(crm, folder, store)
        yield Site(crm, Org(address, folder, folder / "blank.sqlite"), store)


def _copied(source: Path, target: Path) -> None:
    """Copy a workspace; files that nobody ever changes are the same ones in both."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_IMMUTABLE))
    for name in _IMMUTABLE:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, copy_function=os.link)


def _keep_orgs(sites: Sequence[Site], folder: Path) -> None:
    for site in sites:
        copy_database(site.org.folder / site.crm.file_name, folder / f"{site.crm.name}.sqlite")


def _unserved(crm: Crm, folder: Path, store: Any) -> Address:
    """Where forked processes find the CRM: nobody listens there, they answer themselves, see server.py."""
    authority = folder / "authority.pem"
    authority.touch()
    return Address(crm.url, str(authority), *store.credentials)


def _found(sites: Sequence[Site], processes: Processes, template: Path) -> list[str]:
    """Do a first run at `START`, keep workspace and CRMs as *template*, and return what was wrong with the run."""
    workspace = template.parent / "at work" / "workspace"
    for part in ("inbox", "lists", "quarantine", "runs"):
        (workspace / part).mkdir(parents=True)
    for site in sites:
        site.crm.set_up(site.org.address, site.store, workspace)
    world = sites[0].crm.world(workspace, sites[0].store)
    world.send(GLOBEX, listed(*LISTED))
    world.send(INITECH, listed(0, 1, Status="Prospect"))
    here = ("--dir", str(workspace))
    for command in filter(None, (*(site.crm.first for site in sites), ("run", "--approve"))):
        done = processes.run(Order((*command, *here), START))
        assert done.code == 0, done.stderr
    processes.rehearse(Order(("apply", "latest", "--yes", *here), START))
    problems = []
    for site in sites:
        asked = [(request.method, request.path, request.body) for request in site.store.requests()]
        problems += site.crm.problems(site.store, asked)
        problems += oracle.written(site.store.history(), site.store.api_user).problems
        site.store.database.rows("delete from request")
    template.mkdir()
    shutil.copytree(workspace, template / "workspace")
    _keep_orgs(sites, template)
    return [f"the first run: {problem}" for problem in problems]
