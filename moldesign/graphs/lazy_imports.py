"""Modules that other packages import and we rarely need are read when something in them is asked for."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

POSTPONED = ("torch._dynamo",)
"""PyG imports the compiler of torch for an `isinstance` that prediction never comes to; it takes a second and more."""


class PostponingFinder(MetaPathFinder):
    """Finds the postponed modules, and lets them load themselves on first use (see `importlib.util.LazyLoader`)."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a postponed module is, None for every other."""
        if fullname not in POSTPONED:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def postpone_imports() -> Iterator[None]:
    """Postpone what is imported of `POSTPONED` meanwhile; imports afterwards are those of everybody else."""
    finder = PostponingFinder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
