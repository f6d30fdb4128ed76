"""What MOSES publishes of other models."""

import json
from pathlib import Path
from typing import NamedTuple

ANCHORS = Path(__file__).parents[1] / "anchors" / "moses.json"


class Targets(NamedTuple):
    """What others have reached."""

    source: str
    figures: dict[str, dict[str, float]]
    """By model and by the metric's name in `molsets`"""


def read_targets() -> Targets:
    """Return the published figures."""
    content = json.loads(ANCHORS.read_text(encoding="utf-8"))
    return Targets(content["source"], content["figures"])
