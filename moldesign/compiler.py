"""The compiler of torch, which we never use, is read when something in it is asked for, not by whoever imports it."""

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo"
"""PyG imports the compiler of torch for an `isinstance` that prediction never comes to, and optimizers import it to be
left alone by it; it takes two seconds and more."""
_LOCK = threading.Lock()
"""Held while the stand-in comes or goes."""


class _Deferred(ModuleType):
    """Stands in for the compiler; whoever asks for more in it meanwhile than optimizers do gets the real one."""

    def __init__(self) -> None:
        super().__init__(COMPILER)
        self.n_users = 0
        """Blocks of `defer_compiler`, of all threads, that have not ended"""

    @staticmethod
    def graph_break() -> None:
        """Do what the compiler does here while it compiles nothing."""

    @staticmethod
    def disable(function: Callable[..., Any], *rules: Any, **options: Any) -> Callable[..., Any]:
        """Return a function that the compiler does not follow, should it be read one day: torch keeps it."""

        def call(*args: Any, **named: Any) -> Any:
            compiler = sys.modules.get(COMPILER)
            if compiler is None or isinstance(compiler, _Deferred):
                return function(*args, **named)
            compiler = importlib.import_module(COMPILER)  # waits for a thread that is still reading it
            return compiler.disable(function, *rules, **options)(*args, **named)

        return call

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by the import itself
            raise AttributeError(name)
        with _LOCK:
            self._leave()
        return getattr(importlib.import_module(COMPILER), name)

    def end_use(self) -> None:
        """Leave with the last user."""
        with _LOCK:
            self.n_users -= 1
            if not self.n_users:
                self._leave()

    def _leave(self) -> None:
        if sys.modules.get(COMPILER) is self:
            del sys.modules[COMPILER]


@contextmanager
def defer_compiler() -> Iterator[None]:
    """Let imports of the compiler of torch find nothing but a stand-in meanwhile: while PyG is read, or weights move.

    Afterwards everything is as if nobody had imported it: torch reads it when something in it is asked for. Threads
    share the stand-in, which goes with the last of them.
    """
    with _LOCK:
        stand_in = sys.modules.setdefault(COMPILER, _Deferred())
        if isinstance(stand_in, _Deferred):
            stand_in.n_users += 1
    try:
        yield
    finally:
        if isinstance(stand_in, _Deferred):
            stand_in.end_use()
