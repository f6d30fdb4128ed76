"""The compiler of torch, which we never use, is read when something in it is asked for, not by whoever imports it."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo"
"""PyG imports the compiler of torch for an `isinstance` that prediction never comes to, and optimizers import it to be
left alone by it; it takes two seconds and more."""


class _Deferred(ModuleType):
    """Stands in for the compiler; whoever asks for more in it meanwhile than optimizers do gets the real one."""

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
            return compiler.disable(function, *rules, **options)(*args, **named)

        return call

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by the import itself
            raise AttributeError(name)
        if sys.modules.get(COMPILER) is self:
            del sys.modules[COMPILER]
        return getattr(importlib.import_module(COMPILER), name)


@contextmanager
def defer_compiler() -> Iterator[None]:
    """Let imports of the compiler of torch find nothing but a stand-in meanwhile: while PyG is read, or weights move.

    Afterwards everything is as if nobody had imported it: torch reads it when something in it is asked for.
    """
    if COMPILER in sys.modules:
        yield
        return
    stand_in = sys.modules[COMPILER] = _Deferred(COMPILER)
    try:
        yield
    finally:
        if sys.modules.get(COMPILER) is stand_in:
            del sys.modules[COMPILER]
