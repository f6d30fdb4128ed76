"""The report of a screening: how many rows fell where, and the best hits."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moldesign.reporting.charts import draw_histogram
from moldesign.reporting.heat_maps import map_atoms
from moldesign.reporting.hit_cards import describe_cards, explain_pictures
from moldesign.reporting.hit_table import MAX_HITS, describe_hits, make_hit_table
from moldesign.reporting.page import embed_json, format_number, list_versions, render_page, write_page
from moldesign.reporting.run_report import SCRIPTS, draw_space_of
from moldesign.reporting.screening_record import ScreeningRecord, read_screening
from moldesign.reporting.wishes import describe_goals, describe_rules, find_wishes
from moldesign.screening.progress import ScreeningFiles
from moldesign.versions import list_versions as find_versions


def write_screening_report(
    out: Path,
    *,
    max_hits: int = MAX_HITS,
    max_maps: int | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Path:
    """Write the report of a screening, finished or not, beside its hits, and return its path.

    Args:
        out: the file of the hits.
        max_hits: drawn at most.
        max_maps: hits with atom heat maps; by default as many as `count_mapped` says.
        on_progress: is told what is being done.

    Raises:
        MoldesignError: a file of the screening cannot be read, or the page cannot be written.
    """
    record = read_screening(out, max_hits=max_hits)
    html = render_screening_report(record, max_hits=max_hits, max_maps=max_maps, on_progress=on_progress)
    page = ScreeningFiles(out).report
    write_page(page, html)
    return page


def render_screening_report(
    record: ScreeningRecord,
    *,
    max_hits: int = MAX_HITS,
    max_maps: int | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> str:
    """Return the page of a screening; the arguments are those of `write_screening_report`."""
    tell = on_progress or (lambda text: None)
    tell(f"drawing {len(record.hits)} hits")
    wishes = find_wishes(record.profile, record.hits.columns)
    n_hits = int(record.manifest["counts"]["hits"])
    table = make_hit_table(
        record.hits,
        wishes,
        smiles_column=record.smiles_column,
        own_columns=record.own_columns,
        max_hits=max_hits,
    )
    tell("computing which atoms the predictions of the best hits rest on")
    maps = map_atoms(table.hits, wishes, max_maps)
    tell("drawing the map of chemical space")
    cards = describe_cards(table)
    return render_page(
        "screening.html",
        SCRIPTS,
        title=record.out.name,
        status=describe_state(record),
        n_rows=int(record.manifest["counts"]["rows"]),
        n_hits=n_hits,
        funnel=describe_funnel(record.manifest["counts"]),
        examples=record.examples,
        goals=describe_goals(record.profile, wishes, table.values),
        rules=describe_rules(record.profile, is_run=False),
        cards=cards,
        columns=table.find_property_columns(),
        has_domain=table.has_domain,
        maps=[one["name"] for one in maps],
        mapped=sum(weights is not None for weights in maps[0]["weights"]) if maps else 0,
        shown="" if len(cards) == n_hits else f"The first {len(cards):,} of {n_hits:,} hits are drawn.",
        compared=explain_pictures(table, cards),
        data=embed_json(describe_hits(table) | {"maps": maps, "name": record.out.stem}),
        space=draw_space_of(table),
        histogram=_draw_scores(record),
        making=_describe_making(record),
        inputs=record.manifest["inputs"],
        written_by=find_versions(["moldesign"])["moldesign"],
    )


def describe_funnel(counts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the steps from all rows to the hits: how many fell at each filter, with its share of all rows."""
    n_rows = max(int(counts["rows"]), 1)
    steps = [("read", counts["rows"], "all")]
    steps += [(f"fell at: {name}", n, "fell") for name, n in counts["rejected"].items()]
    outranked = "passed, but not among the best"
    steps += [(outranked, counts[outranked], "fell")] if counts.get(outranked) else []
    steps.append(("hits", counts["hits"], "all"))
    return [
        {
            "name": name,
            "n": f"{int(n):,}",
            "share": round(100 * int(n) / n_rows, 2),
            "kind": kind,
        }
        for name, n, kind in steps
    ]


def describe_state(record: ScreeningRecord) -> str:
    """Return what the reader of an unfinished screening must know, in words; nothing of a finished one."""
    if record.unfinished is None:
        return ""
    n_rows, share = int(record.manifest["counts"]["rows"]), record.unfinished.share
    goes_on = "Add --resume to the command that began it"
    if record.unfinished.is_read:
        return f"All {n_rows:,} rows are screened, but the results are not written yet. {goes_on} to write them."
    part = "" if share is None else f" (about {share:.0%} of the library)"
    return (
        f"This screening has not finished: it was interrupted when {n_rows:,} rows{part} were done. The page shows "
        f"what was found in them; rows that are still to come may take the place of these hits. {goes_on}, and it goes "
        "on from here."
    )


def _draw_scores(record: ScreeningRecord) -> Any:
    if "score" not in record.hits.columns:
        return None
    scores = [float(score) for score in record.hits["score"].tolist() if math.isfinite(float(score))]
    return draw_histogram(scores, label="scores of the hits that are drawn", x_label="score") if scores else None


def _describe_making(record: ScreeningRecord) -> list[tuple[str, str]]:
    manifest = record.manifest
    settings = {name: value for name, value in manifest.get("settings", {}).items() if value is not None}
    facts = [(name.replace("_", " "), _format(value)) for name, value in settings.items()]
    facts += [(f"model {name}", f"sha256 {digest}") for name, digest in manifest.get("models", {}).items()]
    return [("hits", str(record.out)), *facts, ("versions", list_versions(manifest.get("versions", {})))]


def _format(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format_number(value)
