"""The methods of the table, by name."""

from dataclasses import asdict

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
