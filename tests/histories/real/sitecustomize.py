"""Gives a process of the installed command its fate: Python imports this by itself, before anything else."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime

import time_machine

from jobs import steps
from tests.histories.server import follower
from tests.histories.wire import Wires

if "OVERLAP_ORDER" in os.environ:
    order = json.loads(os.environ["OVERLAP_ORDER"])
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    time.sleep = time_machine.travel(datetime.fromisoformat(order["now"]), tick=False).start().shift
    steps.listen(follower(order["die_at"], log))
    Wires(order, log).__enter__()
