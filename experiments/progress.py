"""A progress bar that only a person sees."""

import sys
from collections.abc import Callable

Progress = Callable[[int, int, str], None]
WIDTH = 24


def progress(done: int, total: int, what: str) -> None:
    """Redraws one line on a terminal, and clears it when all is done; silent in pipes and logs."""
    if not sys.stderr.isatty():
        return
    filled = WIDTH * done // max(total, 1)
    line = f"[{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{total} {what}" if done < total else ""
    print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
