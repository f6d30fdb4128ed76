"""Freed memory is kept where the system knows how."""

import platform

from moldesign.predictors.allocation import keep_freed_memory


def test_memory_is_kept_where_glibc_is() -> None:
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")
