"""A map of hits among known molecules: what lies near is similar."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from moldesign.chem.fingerprints import morgan_bits, tanimoto
from moldesign.objectives.known import FALLBACK_MODEL
from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.domain import N_BITS
from moldesign.reporting.hit_table import Hit
from moldesign.reporting.wishes import Wish

N_KNOWN = 150
"""Molecules that stand for the training sets, besides the nearest of each hit."""
_LEAST = 8
"""Points of which a map says anything."""
_PERPLEXITY, _N_STEPS = 20.0, 300
_WIDTH, _HEIGHT, _MARGIN = 640, 420, 14

Floats = NDArray[np.float64]


class SpaceMap(NamedTuple):
    """The map, and what it shows."""

    svg: Markup
    n_known: int
    models: list[str]


def draw_space(hits: Sequence[Hit], scores: Sequence[float], wishes: Sequence[Wish]) -> SpaceMap | None:
    """Return a map of the hits, of the nearest known molecule of each, and of an even sample of the known ones.

    Places are those of t-SNE (van der Maaten and Hinton, JMLR 2008, 9, 2579) from Tanimoto distances of Morgan
    fingerprints, begun from the principal components; the same hits give the same map.

    Args:
        hits: as drawn.
        scores: one per hit.
        wishes: the goals; the training sets of their predictors are the known molecules.

    Returns:
        None for too few molecules.

    Raises:
        ModelFormatError: the folder of a predictor is damaged.
        UnknownNameError: it has moved.
    """
    drawn = [hit for hit in hits if hit.mol is not None]
    models = sorted({wish.endpoint.model.name for wish in wishes if wish.endpoint is not None}) or [FALLBACK_MODEL]
    known = np.unique(np.concatenate([_sample_known(model, drawn) for model in models]), axis=0)
    if len(drawn) + len(known) < _LEAST or not drawn:
        return None
    bits = np.concatenate([known, morgan_bits([hit.mol for hit in drawn], n_bits=N_BITS)])
    places = _fit_to_frame(embed(bits))
    points = [_draw_known(*place) for place in places[: len(known)].tolist()]
    for hit, place in zip(drawn, places[len(known) :].tolist(), strict=True):
        points.append(_draw_hit(hit, scores[hit.row], *place))
    svg = Markup('<svg class="map" viewBox="0 0 {} {}" role="group" aria-label="map of the hits">{}</svg>').format(
        _WIDTH, _HEIGHT, Markup().join(points)
    )
    return SpaceMap(svg, len(known), models)


def embed(bits: NDArray[np.uint8]) -> Floats:
    """Return places of N molecules, float64 [N, 2].

    Args:
        bits: packed fingerprints, uint8 [N, bytes].
    """
    distance = np.maximum(1.0 - tanimoto(bits, bits), 0.0)
    np.fill_diagonal(distance, 0.0)
    features = np.unpackbits(bits, axis=1, bitorder="little").astype(np.float32)
    start = PCA(2, svd_solver="randomized", random_state=0).fit_transform(features)
    start = (start / max(float(start[:, 0].std()), 1e-9) * 1e-4).astype(np.float32)
    perplexity = min(_PERPLEXITY, (len(bits) - 1) / 3)
    method = TSNE(metric="precomputed", init=start, random_state=0, perplexity=perplexity, max_iter=_N_STEPS)
    with threadpool_limits(1):  # of so few molecules threads make it slower: three times in all, more beside others
        return np.asarray(method.fit_transform(distance), dtype=np.float64)


def _sample_known(model: str, hits: Sequence[Hit]) -> NDArray[np.uint8]:
    """Return the fingerprints of every n-th training molecule of a model, and of the nearest ones of the hits."""
    domain = load_predictor(model).domain
    near = {hit.known_smiles for hit in hits}
    rows = {row for row, text in enumerate(domain.smiles) if text in near}
    step = max(1, len(domain.smiles) // N_KNOWN)
    rows.update(range(0, step * N_KNOWN, step)[: len(domain.smiles)])
    return domain.fingerprints[sorted(row for row in rows if row < len(domain.smiles))]


def _fit_to_frame(places: Floats) -> Floats:
    low, high = places.min(axis=0), places.max(axis=0)
    size = np.array([_WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN])
    scaled: Floats = np.round(_MARGIN + (places - low) / np.maximum(high - low, 1e-9) * size, 1)
    return scaled


def _draw_known(x: float, y: float) -> Markup:
    return Markup('<circle class="known" cx="{}" cy="{}" r="3"/>').format(x, y)


def _draw_hit(hit: Hit, score: float, x: float, y: float) -> Markup:
    opacity = 0.35 + 0.65 * min(max(score, 0.0), 1.0) if np.isfinite(score) else 1.0
    return Markup(
        '<a href="#hit-{0}" data-row="{0}"><circle class="hit-point" cx="{1}" cy="{2}" r="5" opacity="{3:.2f}"/>'
        "<title>{4}</title></a>"
    ).format(hit.row, x, y, opacity, f"hit {hit.row + 1}: {hit.smiles}")
