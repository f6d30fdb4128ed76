"""The C++ functions of cuik_molmaker without its Python parts, whose import of SciPy's statistics takes half a second.

The compiled module is loaded just as the package itself loads it. Where it does not lie where the pinned release has
it, and on Windows, where the package first tells the system where RDKit's libraries are, the package is imported.
"""

import importlib
import sys
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any

_PACKAGE, _EXTENSION = "cuik_molmaker", "cuik_molmaker_cpp"


@cache
def load_featurizer() -> Any:
    """Return the module that holds the featuriser's functions.

    Raises:
        ImportError: cuik_molmaker is not installed.
    """
    path = _find_extension()
    if path is None:
        return importlib.import_module(_PACKAGE)
    loader = ExtensionFileLoader(_EXTENSION, str(path))
    module = module_from_spec(ModuleSpec(_EXTENSION, loader, origin=str(path)))
    loader.exec_module(module)
    return module


def _find_extension() -> Path | None:
    package = None if sys.platform == "win32" else find_spec(_PACKAGE)
    folders = (package and package.submodule_search_locations) or []
    candidates = (Path(folder, _EXTENSION + suffix) for folder in folders for suffix in EXTENSION_SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)
