"""The methods of the table, by name."""

from dataclasses import asdict

from benchmarks.pmo.methods.ablated import WithoutAugmentation, WithoutGenetics, WithoutSurrogate
from benchmarks.pmo.methods.engine import EngineMethod, EngineMethodSettings
from benchmarks.pmo.methods.graph_ga import GraphGa, GraphGaSettings
from benchmarks.pmo.methods.method import Entry
from benchmarks.pmo.methods.random_library import RandomLibrary
from benchmarks.pmo.methods.reinvent import Reinvent, ReinventSettings
from benchmarks.pmo.methods.thrifty import Thrifty
from moldesign.search.thrifty import ThriftySettings

METHODS: dict[str, Entry] = {
    "moldesign": Entry(
        EngineMethod,
        asdict(EngineMethodSettings()),
        "the thrifty strategy of `moldesign generate`: policy, genetic search and surrogate share one memory",
    ),
    "random": Entry(RandomLibrary, {}, "molecules of ZINC250k in random order"),
    "graph_ga": Entry(
        GraphGa,
        asdict(GraphGaSettings()),
        "Graph GA with PMO's settings on our operators; without PMO's early stop, which can only lower the figure",
    ),
    "reinvent": Entry(
        Reinvent,
        asdict(ReinventSettings()),
        "REINVENT with PMO's settings on our prior for ZINC250k and our grammar; without PMO's early stop",
    ),
    "thrifty": Entry(
        Thrifty,
        asdict(ThriftySettings()),
        "Gaussian process and genetic search of `moldesign.search`, without a policy",
    ),
}
"""Columns of the table."""

ABLATIONS: dict[str, Entry] = {
    "moldesign": METHODS["moldesign"],
    "without_surrogate": Entry(WithoutSurrogate, asdict(EngineMethodSettings()), "candidates are taken at random"),
    "without_genetics": Entry(WithoutGenetics, asdict(EngineMethodSettings()), "nothing is bred"),
    "without_policy": METHODS["thrifty"]._replace(note="nobody writes molecules"),
    "without_augmentation": Entry(
        WithoutAugmentation, asdict(EngineMethodSettings()), "the policy learns each molecule in one spelling"
    ),
}
"""The engine, whole and with one part taken out."""
