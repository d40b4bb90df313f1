"""HOST: any function of the coefficients, with standard errors by the delta method."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..frame import to_frame
from ..frame.tables import near
from ..programs import in_float64
from .estimates import inference


class Coefficients(Mapping):
    """The coefficients as JAX numbers: `b["x"]`, `b[0]`, `b[1:3]`, or all of them as the array `b.array`."""

    def __init__(self, names: tuple[str, ...], array: Any):
        self.names, self.array = names, array

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return self.array[key]
        if key not in self.names:
            raise ValueError(f"fn: there is no coefficient {key!r}.{near(key, self.names)} The coefficients are: "
                             f"{', '.join(self.names)}.")
        return self.array[self.names.index(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def delta(fit: Any, fn: Callable, *, null: Any = 0.0, alpha: float = 0.05) -> Any:
    """Estimates of a function of the coefficients; the arguments are described at `GLMResults.delta`.

    Source: Oehlert (1992), A note on the delta method, The American Statistician 46.
    """
    names, value, slopes = _differentiated(fit, fn)
    table = inference(fit, value, np.linalg.norm(slopes, axis=0), alpha, np.broadcast_to(null, value.shape))
    return to_frame({"term": np.asarray(names, object), **table}, fit.frame.kind)


@in_float64
def _differentiated(fit: Any, fn: Callable):
    """Names, values (m,), and the derivatives (r, m) along the columns of a root of the covariance."""
    words: list[tuple[str, ...]] = []

    def flat(beta):
        filled = jnp.full(len(fit.names), jnp.nan).at[fit._present].set(beta)
        names, value = _outputs(fn(Coefficients(fit.names, filled)))
        words.append(names)
        return value

    along = lambda direction: jax.jvp(flat, (jnp.asarray(fit._estimates),), (direction,))  # noqa: E731
    try:
        values, slopes = jax.vmap(along, out_axes=(None, 0))(jnp.asarray(fit._root.T))
    except jax.errors.JAXTypeError as error:
        raise ValueError("fn must be made of arithmetic and jax.numpy, such as jnp.exp in place of np.exp or math.exp, "
                         f"so that it can be differentiated: {str(error).split(chr(10))[0]}") from error
    return words[0], values, slopes


def _outputs(result: Any) -> tuple[tuple[str, ...], Any]:
    """Names and values (m,) of what fn returned."""
    given = result if isinstance(result, Mapping) else {"fn": result}
    columns = {str(name): _vector(value) for name, value in given.items()}
    names = (f"{name}[{j}]" if len(v) > 1 else name for name, v in columns.items() for j in range(len(v)))
    return tuple(names), jnp.concatenate(list(columns.values())) if columns else jnp.zeros(0)


def _vector(value: Any) -> Any:
    wrong = ValueError("fn must return a number, a vector of numbers or a mapping of names to them; it returned "
                       f"{value!r}.")
    try:
        array = jnp.asarray(value)
    except (TypeError, ValueError) as error:
        raise wrong from error
    if array.ndim > 1 or array.dtype.kind not in "iuf":
        raise wrong
    return jnp.ravel(array).astype(float)
