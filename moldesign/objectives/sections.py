"""What a profile says beside its goals: what a run may spend, and how different its molecules are to be."""

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from moldesign.objectives.diversity import Buckets, MurckoBuckets, SimilarityBuckets
from moldesign.objectives.section import Section

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def parse_duration(text: str) -> float:
    """Return the seconds of a duration such as `90s`, `10m`, `1.5h` or `1h30m`.

    Raises:
        ValueError: it is no duration, or is none at all.

    >>> parse_duration("90s"), parse_duration("10m"), parse_duration("1h30m")
    (90.0, 600.0, 5400.0)
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", text.replace(" ", ""))
    seconds = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text.replace(" ", "") or not 0 < seconds < float("inf"):
        raise ValueError(f"{text!r} is no duration; write a number with s, m or h, such as 90s, 10m or 2h")
    return seconds


class Budget(Section):
    """What a run may spend, and when it ends before."""

    calls: int = Field(default=10_000, gt=0)
    """Unique molecules that may be scored."""
    max_time: str | None = None
    """Time after which the run ends, such as 90s, 10m or 2h, counted anew when it is resumed; without it, no limit."""
    converged_after: int | None = Field(default=None, gt=0)
    """Calls without a gain of the mean of the best 100 after which the run ends; without it, this ends no run."""

    @field_validator("max_time", mode="before")
    @classmethod
    def _check_duration(cls, value: Any) -> Any:
        if value is not None:
            parse_duration(str(value))
        return value

    @property
    def max_seconds(self) -> float:
        """The time limit in seconds; infinite without one."""
        return float("inf") if self.max_time is None else parse_duration(self.max_time)


class Diversity(Section):
    """How often molecules of one kind are paid for (see `Buckets`), and how different the returned hits are."""

    enabled: bool = True
    """Whether full buckets pay less; the choice of the hits does not depend on it."""
    bucket: Literal["scaffold", "similarity"] = "scaffold"
    """What makes a bucket: a Murcko scaffold, or the similarity to its first molecule."""
    bucket_similarity: float = Field(default=0.65, gt=0, le=1)
    """Tanimoto similarity (Morgan, radius 2) from which a molecule belongs to a bucket of similar ones."""
    bucket_size: int = Field(default=25, gt=0)
    minimum_score: float = Field(default=0.4, ge=0, le=1)
    penalty: Literal["step", "linear"] = "step"
    hit_similarity: float = Field(default=0.65, gt=0, le=1)
    """Tanimoto similarity to a better hit from which a hit is returned only if places are left; 1 switches this off."""

    def make_filter(self, *, same_scaffold: bool = False) -> Buckets | None:
        """Return an empty filter, or None where it is switched off.

        Args:
            same_scaffold: whether all molecules keep one scaffold; then buckets by scaffold would tell nothing apart.
        """
        options: dict[str, Any] = self.model_dump(include={"bucket_size", "minimum_score", "penalty"})
        if self.enabled and self.bucket == "similarity":
            return SimilarityBuckets(cutoff=self.bucket_similarity, **options)
        return MurckoBuckets(**options) if self.enabled and not same_scaffold else None
