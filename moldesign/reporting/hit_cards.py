"""What stands on the card of a hit: its goals as bars, its uncertainty, its flags."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np
import pandas as pd

from moldesign.reporting.comparing import explain_comparisons
from moldesign.reporting.hit_table import Hit, HitTable
from moldesign.reporting.page import format_number
from moldesign.reporting.wishes import Wish, describe_aim

_OWN_SHOWN = 4
"""Columns of the library on a card."""


class Scale(NamedTuple):
    """The axis of a goal: as far as the values of all hits, their intervals, and the goal reach."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return where a value lies, in percent of the axis."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(100 * min(max(share, 0.0), 1.0), 1)


def describe_cards(table: HitTable) -> list[dict[str, Any]]:
    """Return what the template needs for each hit."""
    scales = {wish.column: _choose_scale(wish, table.frame) for wish in table.wishes}
    rows = table.frame.to_dict("records")
    return [_describe_card(hit, row, table, scales) for hit, row in zip(table.hits, rows, strict=True)]


def _describe_card(hit: Hit, row: dict[Any, Any], table: HitTable, scales: dict[str, Scale]) -> dict[str, Any]:
    rank, score = row.get("rank"), row.get("score")
    return {
        "row": hit.row,
        "name": f"#{format_number(rank if _is_finite(rank) else hit.row + 1)}",
        "score": format_number(float(score)) if _is_finite(score) else "",
        "smiles": hit.smiles,
        "picture": None if hit.picture is None else hit.picture.svg,
        "known": None if hit.known is None else hit.known.svg,
        "known_smiles": hit.known_smiles,
        "common": "common part not looked for" if hit.comparison.is_left_out else "",
        "similarity": f"{hit.similarity:.2f}" if math.isfinite(hit.similarity) else "unknown",
        "terms": [_describe_term(wish, row, scales[wish.column]) for wish in table.wishes],
        "flags": _list_flags(hit, row, has_domain=table.has_domain),
        "own": [(name, row[name]) for name in table.own_columns if _is_shown(name, row, hit)][:_OWN_SHOWN],
    }


def _describe_term(wish: Wish, row: dict[Any, Any], scale: Scale) -> dict[str, Any]:
    value, score, std = (_read(row, name) for name in (wish.column, wish.score_column, f"{wish.column}_std"))
    ends = [_read(row, f"{wish.column}{ending}") for ending in ("_low", "_high")]
    has_interval = all(map(math.isfinite, ends))
    if has_interval:
        spread = f"90 % of such values lie in {format_number(ends[0])} to {format_number(ends[1])}"
    else:
        spread = f"± {std:.2g} (standard deviation)" if math.isfinite(std) else ""
        ends = [value - std, value + std] if math.isfinite(std) else []
    bounds = [scale.place(bound) for bound in wish.goal.bounds] if wish.goal.is_bounded else None
    return {
        "name": wish.goal.property_name,
        "aim": describe_aim(wish.goal),
        "value": format_number(value),
        "std": f"± {std:.2g}" if math.isfinite(std) else "",
        "spread": spread,
        "score": format_number(round(score, 2)),
        "met": round(100 * score) if math.isfinite(score) else 0,
        "outside": _read_flag(row, f"{wish.column}_in_domain") is False,
        "goal_from": None if bounds is None else bounds[0],
        "goal_width": None if bounds is None else max(round(bounds[1] - bounds[0], 1), 1.0),
        "interval": [scale.place(end) for end in ends] or None,
        "at": scale.place(value) if math.isfinite(value) else None,
    }


def _choose_scale(wish: Wish, frame: pd.DataFrame) -> Scale:
    names = [wish.column, f"{wish.column}_low", f"{wish.column}_high"]
    numbers = [pd.to_numeric(frame[name], errors="coerce") for name in names if name in frame.columns]
    std = f"{wish.column}_std"
    if len(numbers) == 1 and std in frame.columns:
        spread = pd.to_numeric(frame[std], errors="coerce")
        numbers += [numbers[0] - spread, numbers[0] + spread]
    ends = [float(end) for column in numbers for end in (column.min(), column.max())] + list(wish.goal.bounds)
    known = [end for end in ends if math.isfinite(end)] or [0.0, 1.0]
    margin = 0.06 * (max(known) - min(known)) or 0.5
    return Scale(min(known) - margin, max(known) + margin)


def _list_flags(hit: Hit, row: dict[Any, Any], *, has_domain: bool) -> list[dict[str, str]]:
    flags = []
    if has_domain and (inside := _read_flag(row, "in_domain")) is not None:
        title = "similar molecules were measured" if inside else "the predictors have seen nothing similar"
        flags.append(_flag("good" if inside else "bad", "in domain" if inside else "outside the domain", title))
    for name, what in (("unseen_rings", "unseen ring systems"), ("unseen_atoms", "unseen atom surroundings")):
        if _read(row, name) > 0:
            flags.append(_flag("bad", f"{format_number(_read(row, name))} {what}", "that no molecule of ChEMBL has"))
    flags += [_flag("bad", group, "does not last") for group in hit.unstable]
    if _is_finite(row.get("cluster")) and row["cluster"] != row.get("rank"):
        flags.append(_flag("soft", f"resembles #{format_number(row['cluster'])}", "a better hit"))
    return [*flags, *(_flag("bad", alert, "structural alert") for alert in hit.alerts)]


def _flag(kind: str, text: str, title: str) -> dict[str, str]:
    return {"kind": kind, "text": text, "title": title}


def _read(row: dict[Any, Any], name: str) -> float:
    value = row.get(name)
    return float(value) if _is_finite(value) else math.nan


def _read_flag(row: dict[Any, Any], name: str) -> bool | None:
    """Return a flag; None where the table has none."""
    value = row.get(name)
    return bool(value) if isinstance(value, bool | np.bool_) else None


def _is_finite(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_shown(name: str, row: dict[Any, Any], hit: Hit) -> bool:
    value = row.get(name)
    return value is not None and value is not pd.NA and str(value) not in ("", "nan", hit.smiles)


def explain_pictures(table: HitTable, cards: Sequence[dict[str, Any]]) -> str:
    """Return for which hits the part in common with the known molecule was left out, and why."""
    return explain_comparisons([(card["name"], hit.comparison) for card, hit in zip(cards, table.hits, strict=True)])


def count_shown(table: HitTable, cards: Sequence[dict[str, Any]]) -> str:
    """Return how many of the hits the page shows, where it does not show all."""
    return "" if len(cards) == table.n_all else f"The best {len(cards):,} of {table.n_all:,} hits are drawn."
