"""What `moldesign train` says of a training that has ended."""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moldesign.cli.text import draw_table

if TYPE_CHECKING:
    from moldesign.predictors.completing import TrainingResult

N_EXAMPLES = 3
"""Odd rows of each kind that are shown; the report has more."""

SMALL_TEST = 50
"""With fewer test molecules the user is told that the figures are uncertain."""


def describe_result(result: "TrainingResult") -> str:
    """Return what the table held, how good the model is beside its baseline, and what to do with it."""
    from moldesign.predictors.training_record import tell_shares  # noqa: PLC0415  torch is heavy; other verbs are not

    record = result.record
    blocks = [*describe_table(record), f"\nMeasured on {record['split']['measured_on']}."]
    if continued := record.get("continued"):
        blocks += describe_replay(continued)
    if caveat := record["split"]["caveat"]:
        blocks.append(f"NOTE: {caveat}")
    if forest := record["forest"]:
        blocks.append(f"Models of fingerprints make up {tell_shares(forest)}; the networks the rest.")
    for name, target in record["targets"].items():
        told = describe_verdict(name, target, record["baseline"], is_continued=bool(continued))
        blocks += ["", describe_figures(name, target), *told]
        if continued:
            blocks += ["", *describe_progress_made(name, continued["targets"][name], continued["model"])]
    predict = shlex.join(["moldesign", "predict", "library.csv", "--model", str(result.folder)])
    blocks += ["", f"model and report.html in {result.folder}; next: {predict}"]
    return "\n".join(blocks)


def describe_table(record: Mapping[str, Any]) -> list[str]:
    """Return lines on what was read, left out and merged."""
    table = record["table"]
    lines = [f"{table['source']}: {table['n_rows']:,} rows, {table['n_molecules']:,} different molecules"]
    lines += _describe_finding("row", "left out", table["left_out"])
    for name, target in record["targets"].items():
        kind = target["task"] + (", learned as log10" if target["log_scale"] else "")
        repeated = f" ({target['n_repeated']:,} measured several times, and averaged)" if target["n_repeated"] else ""
        lines.append(f"{name}: {kind}, {target['n_labels']:,} molecules with a value{repeated}")
        lines += _describe_finding("cell", "without a number, left out", target["bad_cells"])
        lines += _describe_finding("molecule", "with values that contradict each other, left out", target["conflicts"])
    return lines


def describe_figures(name: str, target: dict[str, Any]) -> str:
    """Return the figures of a target, those of the model above those of the baseline."""
    figures = list(dict.fromkeys(figure for figure in (*target["test"], *target["baseline"]) if figure != "n"))
    rows = [
        [title, *(_format_figure(target[kind].get(figure), target[f"{kind}_std"].get(figure)) for figure in figures)]
        for title, kind in (("this model", "test"), ("baseline", "baseline"))
    ]
    return draw_table([f"{name}, {target['test']['n']:,} test molecules", *figures], rows)


def describe_verdict(name: str, target: dict[str, Any], baseline: str, *, is_continued: bool = False) -> list[str]:
    """Return whether the baseline is better, and what makes the figures uncertain."""
    lines, verdict = [], target["verdict"]
    better = "measure more" if is_continued else "measure more, or try --search 20 --networks 5"
    surer = "" if is_continued else "; --folds 5 tests on all of them"
    if verdict is None:
        lines.append(f"{name}: the test molecules are too few or too alike to compare model and baseline")
    elif verdict["baseline_is_better"]:
        lines.append(
            f"WARNING: for {name} the baseline ({baseline}) is better than this model: {verdict['figure']} "
            f"{verdict['baseline']:.3f} against {verdict['model']:.3f}; {better}"
        )
    else:
        lines.append(f"{name}: the baseline ({baseline}) is not better")
    if target["test"]["n"] < SMALL_TEST:
        lines.append(f"{name}: so few test molecules leave the figures uncertain{surer}")
    return lines


def describe_replay(continued: Mapping[str, Any]) -> list[str]:
    """Return what a training went on from, and what its networks saw again.

    >>> counts = {"n_old": 90, "n_new": 40, "n_old_training": 70, "n_new_training": 30, "n_replayed": 70}
    >>> print(*describe_replay({"model": "my_model", **counts}))
    Went on from my_model: it knew 90 molecules, 40 are new.
    Each network learned 30 new ones and saw all 70 old ones again.
    """
    n_replayed, n_old = continued["n_replayed"], continued["n_old_training"]
    again = f"all {n_old:,} old ones" if n_replayed == n_old else f"{n_replayed:,} of {n_old:,} old ones"
    return [
        f"Went on from {continued['model']}: it knew {continued['n_old']:,} molecules, {continued['n_new']:,} are new. "
        f"Each network learned {continued['n_new_training']:,} new ones and saw {again} again."
    ]


def describe_progress_made(name: str, parts: Mapping[str, Any], model: str) -> list[str]:
    """Return the figures of a target before and after, on old and on new test molecules, and what they mean."""
    figures = list(dict.fromkeys(key for part in parts.values() for key in (*part["before"], *part["after"])))
    shown = [figure for figure in figures if figure != "n"]
    rows = [
        [f"{kind}, {when}", str(part["n"]), *(_format_figure(part[when].get(figure), None) for figure in shown)]
        for kind, part in parts.items()
        for when in ("before", "after")
    ]
    table = draw_table([f"{name}, test molecules", "n", *shown], rows)
    return [table, *_judge_old(name, parts["old"], model), *_judge_new(name, parts["new"], model)]


def _judge_old(name: str, part: Mapping[str, Any], model: str) -> list[str]:
    gain = part["gain"]
    if gain is None:
        return [f"{name}: the old test molecules are too few or too alike to tell whether anything was forgotten"]
    if gain["high"] < 0:
        return [
            f"WARNING: {name} was forgotten in part: {_describe_gain(gain)} on the old test molecules; keep {model} "
            "for molecules like these, or train a new model on both tables"
        ]
    return [f"{name}: nothing shows that the old molecules were forgotten: {_describe_gain(gain)}"]


def _judge_new(name: str, part: Mapping[str, Any], model: str) -> list[str]:
    gain = part["gain"]
    if part["n"] == 0:
        return [f"{name}: none of the new test molecules has a value"]
    if gain is None:
        return [f"{name}: the new test molecules are too few or too alike to tell whether they are predicted better"]
    if gain["gain"] <= 0:
        return [
            f"WARNING: new molecules are not predicted better in {name} than by {model}: {_describe_gain(gain)}; "
            "measure more of them, or keep that model"
        ]
    doubt = "" if gain["low"] > 0 else ", which may be chance"
    return [f"{name}: new molecules are predicted better than by {model}: {_describe_gain(gain)}{doubt}"]


def _describe_gain(gain: Mapping[str, Any]) -> str:
    return (
        f"{gain['figure']} {gain['after']:.3f} after {gain['before']:.3f} (gain {gain['gain']:+.3f}, 95 % interval "
        f"{gain['low']:+.3f} to {gain['high']:+.3f})"
    )


def _describe_finding(thing: str, what: str, finding: dict[str, Any]) -> list[str]:
    if not finding["n"]:
        return []
    things = thing if finding["n"] == 1 else f"{thing}s"
    shown = [f"    {text}" for text in finding["examples"][:N_EXAMPLES]]
    more = finding["n"] - len(shown)
    rest = [f"    and {more:,} more; see report.html"] if more else []
    return [f"  {finding['n']:,} {things} {what}:", *shown, *rest]


def _format_figure(value: float | None, spread: float | None) -> str:
    from moldesign.predictors.evaluation import format_figure  # noqa: PLC0415

    if value is None:
        return "-"
    return format_figure(value) if spread is None else f"{format_figure(value)} ± {format_figure(spread)}"
