"""How accurate are the predictors on the 22 TDC ADMET tasks, beside simple baselines, chemprop and published figures?

    python -m benchmarks.admet_accuracy --data DATA --threads 2 --chemprop ENVIRONMENT/bin/chemprop

Official train_val and test rows, official metric of each task, five seeds, nothing chosen on test labels. The rule is
strict: no test molecule of any of the 22 sets (by InChIKey of the standardised parent) is in any task's training set.
"""

from pathlib import Path

from benchmarks.accuracy.baselines import RUNNERS
from benchmarks.accuracy.runs import parse_options, run_benchmark
from benchmarks.accuracy.summary import read_anchors
from moldesign.datasets.catalog import TDC_ADMET
from scripts.teacher.tasks import load_admet_tasks

ANCHORS = Path(__file__).parent / "anchors" / "tdc_admet.json"
CHEMPROP_TASKS = (
    "caco2",
    "hia",
    "pgp",
    "bbb",
    "lipophilicity",
    "vdss",
    "half_life",
    "herg",
    "dili",
    "cyp3a4_substrate",
)
PROTOCOL = (
    "TDC ADMET group, official train_val and test rows; no test molecule of any of the 22 sets in any training set; "
    "mean ± standard deviation over the seeds"
)


def main() -> None:
    models = [model for model in RUNNERS if model != "finetuned"]
    options = parse_options(__doc__, list(TDC_ADMET), CHEMPROP_TASKS, models)
    tasks = load_admet_tasks(options.tasks, options.data, options.work / "molecules")
    extra = {"protocol": PROTOCOL}
    run_benchmark("admet_accuracy", options.work / "accuracy", tasks, options, read_anchors(ANCHORS), extra)


if __name__ == "__main__":
    main()
