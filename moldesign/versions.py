"""Which versions of which packages a result was made with."""

import platform
from collections.abc import Sequence
from importlib import metadata

PACKAGES = ("moldesign", "rdkit", "torch", "numpy")
"""Those on which figures depend."""


def find_version(package: str) -> str | None:
    """Return the version of an installed package; None if there is none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def list_versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of packages, and that of Python; "unknown" for what is not installed as a package.

    >>> list_versions(["no-such-package"])["no-such-package"]
    'unknown'
    """
    return {name: find_version(name) or "unknown" for name in packages} | {"python": platform.python_version()}
