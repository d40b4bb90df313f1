"""Peak memory of one fit, measured in a process of its own."""

import json
import subprocess
import sys
from typing import Any

from experiments.peers.responses import RESPONSES
from experiments.peers.workloads import SMALL

NOTHING = {"peak / X": None, "warm extra / X": None, "peak GB": None}


def columns(name: str, peer: str, config: Any) -> dict[str, Any]:
    """Resident memory over the size of X: at the peak of a first fit, less what a tiny fit in the same process takes
    (1 is X alone); and what a second fit needs beyond what was there before it (0 is nothing)."""
    if not config.memory or name in SMALL or name in RESPONSES:
        return NOTHING
    command = [sys.executable, "-m", "experiments.peers.probe", name, peer, str(config.scale)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else NOTHING
