"""Where a published figure, or another program measured here, is better than ours: the honest end of a comparison."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from scripts.readme.accuracy import SHOWN_ANCHORS
from scripts.readme.text import label, show, tabulate

LEADS = "where_others_lead"
COLUMNS = ("question", "who leads", "their figure", "ours", "better is")
OURS, OURS_MOSES, OURS_PMO = "student", "moldesign", "moldesign"
"""Of the ADMET models the one that ships, not its teacher"""
RUN_HERE = ("chemprop", "catboost", "forest", "knn")
MOSES_FIGURES = {
    "valid": "higher",
    "FCD/Test": "lower",
    "SNN/Test": "higher",
    "Scaf/Test": "higher",
    "Filters": "higher",
    "Novelty": "higher",
}


class Question(NamedTuple):
    """Something that was measured of us and of others."""

    name: str
    ours: float
    others: Mapping[str, float]
    better: str
    """"higher" or "lower\""""
    is_bound: bool = False
    """Whether ours may still become better: its run is not finished"""

    @property
    def leader(self) -> str | None:
        """The best of the others, where it is better than ours."""
        sign = 1 if self.better == "higher" else -1
        best = max(self.others, key=lambda who: sign * self.others[who])
        return best if sign * self.others[best] > sign * self.ours else None


def render_leads(results: Path) -> str:
    """Return a row for each question in which another one leads, and below it how many questions there are.

    Args:
        results: folder of the measured files; one that is missing adds nothing.
    """
    parts = {"admet_accuracy": list_accuracy, "distribution": list_distribution, "pmo": list_pmo}
    questions: list[Question] = []
    for name, compare in parts.items():
        path = results / f"{name}.json"
        if path.is_file():
            questions += [one for one in compare(json.loads(path.read_text(encoding="utf-8"))) if one.others]
    rows = [
        [one.name, leader, show(one.others[leader]), f"{'≥ ' if one.is_bound else ''}{show(one.ours)}", one.better]
        for one in questions
        if (leader := one.leader) is not None
    ]
    return f"{tabulate(COLUMNS, rows)}\n* {len(rows)} of {len(questions)} questions.\n" if questions else ""


def list_accuracy(result: Mapping[str, Any]) -> Iterator[Question]:
    """Yield each ADMET task, beside figures that are published for the same rows, and programs run here."""
    skipped = result["extra"].get("not_comparable", {})
    for task, one in result["figures"].items():
        if OURS not in one["models"]:
            continue
        shown = () if task in skipped else (name for name in SHOWN_ANCHORS if name in one["anchors"])
        others = {f"published: {label(name)}": one["anchors"][name] for name in shown}
        others |= {f"{name}, run here": one["models"][name]["mean"] for name in RUN_HERE if name in one["models"]}
        yield Question(f"{label(task)} ({one['metric']})", one["models"][OURS]["mean"], others, one["better"])


def list_distribution(result: Mapping[str, Any]) -> Iterator[Question]:
    """Yield each MOSES figure beside those of the published models; the training molecules are no model."""
    ours = result["figures"][OURS_MOSES]
    published = {who: figures for who, figures in result["extra"]["published"].items() if who != "train"}
    for name, better in MOSES_FIGURES.items():
        if name in ours:
            others = {f"published: {who}": figures[name] for who, figures in published.items() if name in figures}
            yield Question(f"MOSES, {name}", ours[name], others, better)


def list_pmo(result: Mapping[str, Any]) -> Iterator[Question]:
    """Yield each PMO task, beside published methods that keep to the rules, and what has been run here to its end."""
    extra = result["extra"]
    for task, one in result["figures"].items():
        methods = dict(one["methods"])
        ours = methods.pop(OURS_PMO, None)
        if ours is None or task == extra["sum"]:
            continue
        others = {f"published: {who}": one["anchors"][who] for who in extra["strict"] if who in one["anchors"]}
        others |= {f"{label(who)}, run here": run["auc_top10"] for who, run in methods.items() if run["ended"]}
        yield Question(f"PMO, {label(task)}", ours["auc_top10"], others, "higher", is_bound=not ours["ended"])
