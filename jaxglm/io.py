"""HOST: fitted models to files and back."""

import io
import pickle
from pathlib import Path

import numpy as np

FORMAT = "jaxglm-results/2"


def save(results, path: str | Path) -> None:
    """Write a fitted model, its data and encoding to a compressed npz file.

    Families and links made of functions are stored by the name of the function, which must be importable to load them.
    """
    buffer = io.BytesIO()
    try:
        pickle.dump(results, buffer)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"this model cannot be saved: {error}. Define the family, link or formula functions in a module, not "
            "as a lambda or inside a function."
        ) from error
    with open(path, "wb") as file:
        np.savez_compressed(file, format=np.array(FORMAT), results=np.frombuffer(buffer.getvalue(), np.uint8))


def load(path: str | Path):
    """Read a model that `fit.save(path)` wrote. The file is a pickle inside: load only files that you trust."""
    with np.load(path, allow_pickle=False) as stored:
        found = str(stored["format"]) if "format" in stored else ""
        if found.startswith("jaxglm-results/") and found != FORMAT:
            raise ValueError(f"{path} was saved by another version of jaxglm ({found}, this one reads {FORMAT}). Fit "
                             "the model again.")
        if found != FORMAT:
            raise ValueError(f"{path} is not a saved jaxglm model ({FORMAT}).")
        return pickle.loads(stored["results"].tobytes())
