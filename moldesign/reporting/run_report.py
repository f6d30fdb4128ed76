"""The report of a run of `moldesign generate`: what was asked for, what was found, and how far it can be believed."""

import datetime
import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from moldesign.generation.audit import LEAST_RATIO
from moldesign.generation.settings import GenerationSettings
from moldesign.reporting.charts import Line, draw_histogram, draw_lines
from moldesign.reporting.chemical_space import draw_space
from moldesign.reporting.heat_maps import count_mapped, map_atoms
from moldesign.reporting.hit_cards import count_shown, describe_cards, explain_pictures
from moldesign.reporting.hit_table import MAX_HITS, HitTable, describe_hits, make_hit_table
from moldesign.reporting.page import embed_json, format_number, format_seconds, list_versions, render_page, write_page
from moldesign.reporting.rejections import draw_near_misses, list_reasons
from moldesign.reporting.run_record import RunRecord, read_run
from moldesign.reporting.wishes import describe_goals, describe_rules, find_wishes
from moldesign.versions import list_versions as find_versions

REPORT_FILE = "report.html"
SCRIPTS = ("smarts.js", "marks.js", "export.js", "hits.js")

_BY_OPTION = {"seed", "prior", "strategy", "device", "checkpoint_seconds"}
_REASONS = {
    "budget": "its budget was spent",
    "time": "its time was over",
    "converged": "the best molecules did not become better any more",
    "exhausted": "nothing new, or nothing that keeps the limits, was written any more",
    "interrupted": "it was interrupted (Ctrl-C)",
}

Notify = Callable[[str], None]


def write_run_report(
    folder: Path, *, max_hits: int = MAX_HITS, max_maps: int | None = None, on_progress: Notify | None = None
) -> Path:
    """Write `report.html` into a run folder, of a finished run or of what there is, and return its path.

    Args:
        folder: the run folder.
        max_hits: drawn at most.
        max_maps: hits with atom heat maps; by default as many as `count_mapped` says.
        on_progress: is told what is being done.

    Raises:
        MoldesignError: the folder cannot be read, or the page cannot be written.
    """
    html = render_run_report(read_run(folder), max_hits=max_hits, max_maps=max_maps, on_progress=on_progress)
    write_page(folder / REPORT_FILE, html)
    return folder / REPORT_FILE


def render_run_report(
    run: RunRecord, *, max_hits: int = MAX_HITS, max_maps: int | None = None, on_progress: Notify | None = None
) -> str:
    """Return the page of a run; the arguments are those of `write_run_report`."""
    tell = on_progress or (lambda text: None)
    tell(f"drawing {min(len(run.hits), max_hits)} hits")
    wishes = find_wishes(run.profile, run.hits.columns)
    table = make_hit_table(run.hits, wishes, smiles_column="smiles", max_hits=max_hits)
    max_maps = count_mapped(wishes) if max_maps is None else max_maps
    tell(f"computing which atoms the predictions of the best {min(len(table.hits), max_maps)} rest on")
    maps = map_atoms(table.hits, wishes, max_maps)
    tell("drawing the map of chemical space")
    cards = describe_cards(table)
    return render_page(
        "run.html",
        SCRIPTS,
        title=run.profile.name,
        folder=str(run.folder),
        status=describe_status(run),
        tiles=_list_tiles(run, table),
        goals=describe_goals(run.profile, wishes, table.values),
        rules=describe_rules(run.profile),
        cards=cards,
        columns=table.find_property_columns(),
        has_domain=table.has_domain,
        maps=[one["name"] for one in maps],
        shown=count_shown(table, cards),
        compared=explain_pictures(table, cards),
        mapped=sum(weights is not None for weights in maps[0]["weights"]) if maps else 0,
        data=embed_json(describe_hits(table) | {"maps": maps, "name": run.folder.resolve().name}),
        why_empty=explain_absence(run),
        curves=_draw_curves(run),
        space=draw_space_of(table),
        audit=_describe_audit(run),
        reasons=list_reasons(run),
        histogram=_draw_totals(run),
        near_misses=draw_near_misses(run),
        invalid=_describe_validity(run),
        making=_describe_making(run),
        command=describe_command(run),
        other_settings=_list_other_settings(run.settings),
        written_by=find_versions(["moldesign"])["moldesign"],
    )


def describe_status(run: RunRecord) -> dict[str, str]:
    """Return whether the run has ended, and why, in a sentence."""
    n = len(run.molecules)
    if run.is_complete and run.ending is None:
        return {"kind": "good", "text": f"{n:,} molecules were scored."}
    if run.ending is None:
        text = (
            f"This run has not ended: it is still going on, or was killed. The page shows what was scored until now "
            f"({n:,} of {run.profile.budget.calls:,} molecules). moldesign generate --resume goes on with it."
        )
        return {"kind": "bad", "text": text}
    kind = "bad" if run.ending.reason == "interrupted" else "good"
    after = format_seconds(run.ending.seconds)
    text = f"{n:,} molecules were scored. The run ended after {after} because {_REASONS[run.ending.reason]}."
    return {"kind": kind, "text": text}


def explain_absence(run: RunRecord) -> str:
    """Return why a run has no hits."""
    scored = [molecule for molecule in run.molecules if molecule.total == molecule.total]
    if not run.molecules:
        return "No molecule was scored, so that there is nothing to show yet."
    if not scored:
        return "None of the molecules has a score, because a scorer failed on each of them; see the reasons below."
    best = max(molecule.total for molecule in scored)
    return (
        f"No molecule reached the threshold of {run.profile.threshold:g}; the best score is {format_number(best)}. The "
        "reasons are listed below: relax the goal that is met least, lower the threshold, or raise the budget."
    )


def describe_command(run: RunRecord) -> str:
    """Return the command that makes the same hits again, on a CPU, in another folder."""
    settings, making = run.settings or GenerationSettings(), run.making
    words = ["moldesign", "generate", str(run.folder / "profile.toml"), "--n", str(100 if making is None else making.n)]
    words += ["--seed", str(settings.seed), "--prior", settings.prior, "--strategy", settings.strategy]
    words += ["--device", settings.device.partition(":")[0]]
    words += [word for smiles in run.start for word in ("--start", smiles)]
    return shlex.join([*words, "--out", f"{run.folder}-again"])


def draw_space_of(table: HitTable) -> dict[str, Any] | None:
    """Return the map of a table of hits as the template needs it; None where there are too few."""
    scores = table.frame["score"].astype(float).tolist() if len(table.frame) else []
    space = draw_space(table.hits, scores, table.wishes)
    return None if space is None else space._asdict()


def _list_tiles(run: RunRecord, table: HitTable) -> list[dict[str, str]]:
    hits, n = run.hits, len(run.hits)
    tiles = [("hits", f"{n:,}"), ("molecules scored", f"{len(run.molecules):,}")]
    if n:
        tiles.append(("different scaffolds", f"{hits['scaffold'].nunique(dropna=False):,}"))
        tiles.append(("best score", format_number(float(hits["score"].max()))))
        if table.has_domain:
            tiles.append(("in the domain of the predictors", f"{hits['in_domain'].astype(bool).mean():.0%}"))
    if run.audit is not None and run.audit.get("ratio") is not None:
        tiles.append(("of the score, by a control model", f"{run.audit['ratio']:.0%}"))
    return [{"name": name, "value": value} for name, value in tiles]


def _draw_curves(run: RunRecord) -> list[dict[str, Any]]:
    batches = [batch for batch in run.progress if "n_calls" in batch]
    if not batches:
        return []
    calls = [float(batch["n_calls"]) for batch in batches]
    charts = [
        ("Score", {"best 10": "top_10", "best 100": "top_100", "mean of the batch": "mean"}, 1.0),
        ("Share of written texts that are molecules", {"valid": "validity"}, 1.0),
        ("Hits and their scaffolds", {"hits": "n_hits", "different scaffolds": "n_scaffolds"}, None),
        ("Hypervolume below the compromises", {"hypervolume": "hypervolume"}, None),
    ]
    return [
        {
            "title": title,
            "svg": draw_lines(
                calls,
                [Line(name, [float(batch.get(key, "nan")) for batch in batches]) for name, key in keys.items()],
                label=title,
                x_label="molecules scored",
                top=top,
            ),
        }
        for title, keys, top in charts
        if all(key in batches[-1] for key in keys.values())
    ]


def _draw_totals(run: RunRecord) -> Any:
    totals = [molecule.total for molecule in run.molecules if molecule.total == molecule.total]
    if not totals:
        return None
    return draw_histogram(totals, label="scores of all molecules", x_label="score", mark=run.profile.threshold)


def _describe_audit(run: RunRecord) -> dict[str, Any] | None:
    audit = run.audit
    if audit is None:
        return None
    ratio = audit.get("ratio")
    attainable = None if not audit.get("reward") else min((audit.get("attainable") or 0) / audit["reward"], 1.0)
    return {
        "ratio": None if ratio is None else f"{ratio:.0%}",
        "attainable": None if attainable is None else f"{attainable:.0%}",
        "is_suspect": ratio is not None and ratio < LEAST_RATIO,
        "in_domain": None if audit.get("in_domain") is None else f"{audit['in_domain']:.0%}",
        "reward": audit.get("reward"),
        "control": audit.get("control"),
        "goals": audit.get("goals", {}),
        "without": audit.get("without", {}),
    }


def _describe_validity(run: RunRecord) -> str:
    shares = [float(batch["validity"]) for batch in run.progress if "validity" in batch]
    if not shares:
        return ""
    invalid = 1 - sum(shares) / len(shares)
    if invalid < 5e-4:
        return "Everything that was written was a molecule."
    return f"{invalid:.1%} of what was written was no molecule (mean over the batches); that costs no call."


def _describe_making(run: RunRecord) -> list[tuple[str, str]]:
    settings, making = run.settings, run.making
    facts = [("folder", str(run.folder))]
    if settings is not None:
        facts += [("seed", str(settings.seed)), ("prior", settings.prior), ("strategy", settings.strategy)]
        facts.append(("device", settings.device))
    if run.start:
        facts.append(("start molecules", " ".join(run.start)))
    if run.molecules:
        times = [molecule.time for molecule in run.molecules]
        facts += [("first call", _format_time(min(times))), ("last call", _format_time(max(times)))]
    if run.ending is not None:
        facts.append(("time since the last start", format_seconds(run.ending.seconds)))
    if making is None:
        return [*facts, ("versions", "not noted by the version that made the run")]
    facts += [(f"model {name}", f"sha256 {digest or 'unknown'}") for name, digest in making.models.items()]
    if making.prior is not None:
        facts.append(("model of the prior", f"sha256 {making.prior}"))
    return [*facts, ("versions", list_versions(making.versions))]


def _list_other_settings(settings: GenerationSettings | None) -> list[str]:
    """Return the settings that only Python can change, where they are not the usual ones."""
    if settings is None:
        return []
    usual, ours = asdict(GenerationSettings()), asdict(settings)
    return [f"{name}={ours[name]!r}" for name in ours if name not in _BY_OPTION and ours[name] != usual[name]]


def _format_time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
