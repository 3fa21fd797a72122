"""Answers that are kept for all visitors, the last asked for, as many as fit into so many bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, Final, Generic, TypeVar

import numpy as np

ROOM: Final = 100_000_000  # bytes for the answers to one kind of question

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class Kept(Generic[Asked, Answered]):
    """A function of one argument that keeps what it returned, and forgets what was not asked for the longest."""

    def __init__(self, function: Callable[[Asked], Answered], room: int = ROOM) -> None:
        """Keep nothing yet.

        Args:
            function: its argument can be hashed.
            room: bytes; what is larger by itself is not kept.
        """
        self._function, self._room = function, room
        self._held: OrderedDict[Asked, tuple[Answered, int]] = OrderedDict()
        self._lock = threading.Lock()
        self.size = 0  # bytes held
        self.__doc__ = function.__doc__

    def __call__(self, asked: Asked) -> Answered:
        """Return function(asked), as it was before where it is still held."""
        with self._lock:
            if asked in self._held:
                self._held.move_to_end(asked)
                return self._held[asked][0]
        answered = self._function(asked)
        size = size_of(answered)
        with self._lock:
            if asked not in self._held and size <= self._room:
                self._held[asked] = answered, size
                self.size += size
                while self.size > self._room:
                    self.size -= self._held.popitem(last=False)[1][1]
        return answered

    def cache_clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self.size = 0


def size_of(value: Any) -> int:
    """Estimate the bytes that a value of dataclasses, tuples, lists and arrays takes; an array counts once."""
    arrays: dict[int, int] = {}

    def look(part: Any) -> int:
        if isinstance(part, np.ndarray):
            whole = part.base if isinstance(part.base, np.ndarray) else part  # a view holds all of it
            arrays[id(whole)] = whole.nbytes
            return 100
        if is_dataclass(part) and not isinstance(part, type):
            return 100 + sum(look(getattr(part, field.name)) for field in fields(part))
        if isinstance(part, (tuple, list)):
            return 50 + sum(map(look, part))
        return 50

    return look(value) + sum(arrays.values())
