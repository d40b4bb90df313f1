"""HOST: arrays whose first rows are used while the last are still being made."""

from collections.abc import Iterator
from threading import Condition, Thread
from time import sleep
from typing import Any

import numpy as np


class Arriving:
    """An array (b, ...) that a thread fills from its first row on. Who takes rows waits for them.

    filling: fills the array, and tells now and then how many rows are there. What it raises is raised by who waits.
    """

    def __init__(self, array: np.ndarray, filling: Iterator[int]):
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim
        self._array, self._there, self._error = array, 0, None
        self._news = Condition()
        Thread(target=self._fill, args=(filling,), daemon=True).start()

    def _fill(self, filling: Iterator[int]) -> None:
        try:
            for there in filling:
                self._tell(there, None)
                sleep(0)  # Python would let the others wait for 5 ms before it takes the turn from this thread
        except BaseException as error:  # whoever waits must not wait for ever
            self._tell(len(self._array), error)

    def _tell(self, there: int, error: Any) -> None:
        with self._news:
            self._there, self._error = there, error
            self._news.notify_all()

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, index: Any) -> np.ndarray:
        last = index.stop if isinstance(index, slice) else np.max(index) + 1
        return self._until(len(self) if last is None or last < 1 else last)[index]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self._until(len(self)), dtype, copy=copy)

    def _until(self, last: int) -> np.ndarray:
        with self._news:
            self._news.wait_for(lambda: self._there >= last)
        if self._error is not None:
            raise self._error
        return self._array
