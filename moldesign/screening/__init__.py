"""Virtual screening: libraries of any size, ranked by a profile.

What is heavy is loaded when it is first used, so that the command line can check what it was given before.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moldesign.screening.engine import screen
    from moldesign.screening.merging import merge_shards
    from moldesign.screening.output import ScreeningResult
    from moldesign.screening.settings import ScreeningSettings, Shard

__all__ = ["ScreeningResult", "ScreeningSettings", "Shard", "merge_shards", "screen"]

_HOMES = {
    "ScreeningResult": "moldesign.screening.output",
    "ScreeningSettings": "moldesign.screening.settings",
    "Shard": "moldesign.screening.settings",
    "merge_shards": "moldesign.screening.merging",
    "screen": "moldesign.screening.engine",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'moldesign.screening' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
