"""HOST: NumPy arrays whose rows have names."""

import difflib

import numpy as np


class Named(np.ndarray):
    """A NumPy array with one name for each entry of its first axis: `params["age"]` and `params[1]` both work."""

    names: tuple[str, ...]

    def __new__(cls, values, names):
        array = np.asarray(values, float).view(cls)
        array.names = tuple(names)
        return array

    def __array_finalize__(self, source):
        self.names = getattr(source, "names", ())

    def __array_wrap__(self, array, context=None, return_scalar=False):
        """Results of the same length keep the names; sums and the like are plain."""
        if return_scalar or array.shape[:1] != self.shape[:1]:
            return array[()] if return_scalar else np.asarray(array)
        return Named(array, self.names) if array.dtype.kind == "f" else np.asarray(array)

    def __getitem__(self, key):
        if isinstance(key, str):
            return np.asarray(self)[self._position(key)]
        return np.asarray(self)[key]

    def _position(self, name: str) -> int:
        if name in self.names:
            return self.names.index(name)
        near = difflib.get_close_matches(name, self.names, n=1)
        hint = f"; did you mean {near[0]!r}" if near else ""
        raise KeyError(f"no term {name!r}{hint}. Terms: {', '.join(self.names)}")

    def __reduce__(self):
        return Named, (np.asarray(self), self.names)

    def round(self, decimals: int = 0) -> "Named":  # type: ignore[override]
        """The same names with rounded entries."""
        return Named(np.asarray(self).round(decimals), self.names)

    def to_dict(self) -> dict:
        """{name: entry}."""
        return dict(zip(self.names, np.asarray(self).tolist(), strict=True))

    def __repr__(self):
        if self.ndim == 0 or len(self.names) != len(self):
            return repr(np.asarray(self))
        width = max((len(n) for n in self.names), default=0)
        return "\n".join(f"{n:<{width}}  {v}" for n, v in zip(self.names, np.asarray(self), strict=True))

    __str__ = __repr__
