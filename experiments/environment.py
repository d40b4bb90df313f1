"""Where and with what a result was made."""

import os
import platform
import subprocess
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

PACKAGES = (
    "jaxglm",
    "jax",
    "jaxlib",
    "numpy",
    "scipy",
    "optax",
    "formulaic",
    "pandas",
    "matplotlib",
    "statsmodels",
    "scikit-learn",
    "glum",
    "glmax",
    "pydeseq2",
)


def environment(name: str, config: Any, seconds: float) -> dict[str, Any]:
    """The content of env.json: versions, device, dtype, commit, config."""
    return {
        "experiment": name,
        "config": asdict(config),
        "seconds": round(seconds, 2),
        "commit": _commit(),
        "device": str(jax.devices()[0]),
        "dtype": "float64",
        "cpus": os.cpu_count(),
        "platform": platform.platform(),
        "versions": {"python": platform.python_version()} | {package: _version(package) for package in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of the source tree, marked where the tree differs from it; None outside of git."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
