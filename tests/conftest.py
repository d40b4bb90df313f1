"""Settings of every test: compiled programs are kept between runs, and 64-bit JAX is switched on where a test asks."""

import getpass
import os
import tempfile
from pathlib import Path

import pytest

CACHE = Path(tempfile.gettempdir()) / f"jaxglm-tests-{getpass.getuser()}"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


@pytest.fixture
def x64():
    """64-bit JAX for one test; the global flag stays as it is."""
    import jax

    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module", autouse=True)
def _drop_programs():
    """Compiled programs hold memory maps, of which Linux gives a process 65,530: past that the compiler aborts."""
    yield
    import jax

    jax.clear_caches()
