"""How a training gets on, as lines that a program can read."""

import json

from moldesign.predictors.training import TrainingProgress


def print_progress(progress: TrainingProgress) -> None:
    """Print one epoch as a line of JSON."""
    print(json.dumps(progress._asdict()), flush=True)
