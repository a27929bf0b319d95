"""What the process that parses other people's files takes from itself before it sees one of them.

The one thing to know: Linux keeps all of it. macOS does not limit address space or data, and has no network of its own
to give to a process; there, only time, file sizes and the empty environment hold.
"""

from __future__ import annotations

import ctypes
import os
import resource
from contextlib import suppress
from typing import Final

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_MB: Final = 1_000_000
#: Libraries, stacks of threads and files that are mapped: addresses that are no memory.
_ADDRESSES_MB: Final = 4_000
_OPEN_FILES: Final = 64


def confine(memory_mb: int) -> None:
    """Limit this process, and each file that it writes, to *memory_mb*; leave it no network, as far as it may.

    To be called while there is one thread only: a process with several is given no network of its own.
    """
    _leave_network()
    _limit(resource.RLIMIT_DATA, memory_mb * _MB)
    _limit(resource.RLIMIT_AS, (memory_mb + _ADDRESSES_MB) * _MB)
    _limit(resource.RLIMIT_FSIZE, memory_mb * _MB)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_CORE, 0)


def grant_cpu(cpu_s: int) -> None:
    """Let this process use *cpu_s* seconds from now on; the kernel ends it then."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    with suppress(ValueError, OSError):
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + cpu_s + 1, most))


def _limit(what: int, most: int) -> None:
    with suppress(ValueError, OSError):  # macOS, or somebody has set a lower one
        resource.setrlimit(what, (most, most))


def _leave_network() -> None:
    """Move into a network that has no way out. Not every kernel lets everybody do so."""
    with suppress(AttributeError, OSError):
        unshare = ctypes.CDLL(None, use_errno=True).unshare
        # With a user of its own only where it must be: it costs root the right to read others' files.
        if os.geteuid() != 0 or unshare(_NEW_NETWORK) != 0:
            unshare(_NEW_USER | _NEW_NETWORK)
