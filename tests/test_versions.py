"""Versions that results state."""

import platform

from moldesign.versions import find_version, list_versions


def test_versions_are_those_of_the_packages() -> None:
    versions = list_versions()
    assert set(versions) == {"moldesign", "rdkit", "torch", "numpy", "python"}
    assert versions["python"] == platform.python_version()
    assert versions["numpy"] == find_version("numpy")
    assert find_version("no-such-package") is None
