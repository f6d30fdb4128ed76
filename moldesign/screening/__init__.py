"""Virtual screening: libraries of any size, ranked by a profile."""

from moldesign.screening.engine import screen
from moldesign.screening.merging import merge_shards
from moldesign.screening.output import ScreeningResult
from moldesign.screening.settings import ScreeningSettings, Shard

__all__ = ["ScreeningResult", "ScreeningSettings", "Shard", "merge_shards", "screen"]
