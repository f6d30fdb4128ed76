"""A module that another package imports and we rarely need is read when something in it is asked for."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo"
"""PyG imports the compiler of torch for an `isinstance` that prediction never comes to; it takes a second and more."""


class _Deferred(ModuleType):
    """Stands in for the compiler; whoever asks for something in it while PyG is imported gets the real one."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by the import itself
            raise AttributeError(name)
        if sys.modules.get(COMPILER) is self:
            del sys.modules[COMPILER]
        return getattr(importlib.import_module(COMPILER), name)


@contextmanager
def defer_compiler() -> Iterator[None]:
    """Let imports of the compiler of torch find nothing but a stand-in meanwhile.

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
