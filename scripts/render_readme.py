"""Fill the tables of README.md and docs/comparison.md from measured files, so that no figure was typed by hand.

    python -m scripts.render_readme           # rewrite the tables in place
    python -m scripts.render_readme --check   # exit with 1 if a table is stale

A table stands between `<!-- table:NAME -->` and `<!-- /table -->`. NAME is `endpoints` or `priors`
(from the cards of the bundled models), `where_others_lead` (from several files), or the name of a file in
benchmarks/results. The tables of `SECTIONS` come with their heading and introduction, and leave nothing behind while
their file is not there.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.readme.accuracy import render_accuracy
from scripts.readme.cards import ENDPOINT_COLUMNS, PRIOR_COLUMNS, list_endpoints, list_priors
from scripts.readme.distribution import render_distribution
from scripts.readme.enrichment import render_enrichment
from scripts.readme.leads import LEADS, render_leads
from scripts.readme.page import BLOCK, fill, refresh
from scripts.readme.pmo import render_pmo
from scripts.readme.reliability import render_calibration, render_screening, render_speed
from scripts.readme.text import describe_measurement, render_figures, tabulate

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "comparison.md")
RESULTS = ROOT / "benchmarks" / "results"


SECTIONS = {
    "admet_accuracy": (
        "Accuracy on the 22 TDC ADMET tasks",
        "The student is the network that ships; the teacher, whose knowledge it was taught, is larger and slower.",
    ),
    "moleculenet_accuracy": (
        "Accuracy on MoleculeNet",
        "The deterministic scaffold split: test molecules have other ring systems than those trained on.",
    ),
    "prediction_speed": (
        "From SMILES text to the table of all endpoints",
        "The same molecules, machine and cores for all; start-up is not part of a rate. RDKit's bare parse is the "
        "ceiling of every program that reads SMILES.",
    ),
    "screening_speed": (
        "From a library file to the ranked hits",
        "`moldesign screen` from file to file; start-up is not part of a rate. RDKit's bare parse is the ceiling of "
        "every program that reads SMILES.",
    ),
    "screening_ray": (
        "The same on a Ray cluster",
        "Rows per second of the chemistry part (parsing, standardisation, alerts, QED, synthetic accessibility), with "
        "one worker and with two, by turns on one machine; ratios are those of neighbouring turns: their median, the "
        "lowest and the highest.",
    ),
    "screening_memory": (
        "Memory while a library goes by",
        "Proportional set sizes of all processes of `moldesign screen` together, at their largest.",
    ),
    "screening_enrichment": (
        "Does a model find the other actives?",
        "A model of about half of the actives of a target ranks the other half among decoys, on targets of DUD-E, DUD "
        "and MUV. Enrichment factor (EF): how many times more actives than a random order the best-ranked molecules "
        "hold; BEDROC (doi:10.1021/ci600426e) weighs the whole beginning of the list.",
    ),
    "continuing": (
        "Does a model forget when it goes on?",
        "Two targets of ChEMBL, 600 old and 200 newer molecules. Mean absolute errors (log10 units) on all other "
        "molecules of the old years and of the new ones: of the model as it was, of `moldesign train --continue`, "
        "of the same without replay of the old molecules, and of a training of old and new molecules from scratch, "
        "which is the best where the old table is at hand. Gains are those over the model as it was; errors are "
        "standard errors.",
    ),
    "similarity_search": (
        "Similarity search over a library",
        "`moldesign screen --like` from file to file, per second of the processor, start-up left out. The next search "
        "reads the fingerprints that the first one has kept, and every row of the library.",
    ),
    "serving": (
        "How long does the server take?",
        "One-molecule requests to `/predict` of `moldesign serve`, another molecule each time, from clients that ask "
        "again as soon as they are answered.",
    ),
    "calibration": (
        "Does it know what it does not know?",
        "On the official test sets: how many measured values lie in the 90 % interval, how far probabilities are from "
        "frequencies (expected calibration error), whether errors grow from each fifth of the predictions to the "
        "next when they are ordered by `std`, and how much larger they are outside the domain than inside.",
    ),
    "explanation_check": (
        "Do the reasons point at the right atoms?",
        "Attributions of networks trained on properties whose atoms are known: Crippen logP contributions and the "
        "presence of a nitro group. An AUROC of 1 ranks all the right atoms first, 0.5 is chance.",
    ),
    "design_modes": (
        "Growing scaffolds and joining pieces",
        "Share of 100 molecules per drug that were returned, keep what was given, differ from each other, and are both "
        "drug-like and easy to make (QED of at least 0.6, SA score of at most 4). All are written by the one prior, "
        "before any learning. GenMol (arXiv:2501.06158) publishes a quality of 0.318 for decoration and 0.219 for "
        "linkers, on a list of drugs of its own.",
    ),
    "lead_optimisation": (
        "How many analogues of a drug, rid of its liability, do 1,000 calls give?",
        "Six drugs that block the hERG channel. An analogue is a hit if it resembles its drug (Tanimoto similarity of "
        "at least 0.4) and scores 0.5 or more for a low hERG block, solubility and drug-likeness, all predicted. "
        "Beside `--start DRUG --min-similarity 0.4`: the similarity as one goal more, the policy writing whole "
        "molecules, for which 1,000 calls are few; and the prior alone, which writes analogues in the same way but "
        "learns nothing. `near` is the share of the calls spent on molecules that resemble the drug.",
    ),
    "distribution": (
        "Do molecules look like those that were learned from?",
        "MOSES (arXiv:1811.12823): 30,000 molecules of a prior that has learned from the benchmark's training set "
        "alone, every one counted, by the benchmark's own program.",
    ),
    "reward_hacking": (
        "Do hits please a model that the search has never seen?",
        "Mean probability of activity of the hits, by the model that was the reward and by a control model that has "
        "learned from other scaffolds, with and without guards; the most to be expected is the ratio for true actives.",
    ),
    "pmo": (
        "How good are the best molecules within 10,000 calls?",
        "Practical molecular optimization (arXiv:2206.12411); every molecule scored counts, from the first.",
    ),
    "pmo_ablation": (
        "What is each part of the engine good for?",
        "Area under the curve of the best ten over the first calls alone, for the whole engine and with one part taken "
        "out. With one seed a difference of a tenth may be luck.",
    ),
    "dear_goals": (
        "How many hits do 300 calls of a dear goal give?",
        "A dear goal beside cheap ones: drug-likeness, synthetic accessibility, alerts and hERG. A call is counted "
        "where the dear goal would be computed; a hit meets all goals. `thrifty` knows the cheap goals of a candidate "
        "before it is proposed; nothing known is the same search on the whole score as a black box.",
    ),
    "strategies": (
        "From what cost of a call on does it pay to think?",
        "What both strategies of `moldesign generate` have when the time is over: the mean score of the ten best "
        "molecules for a goal that few come near, and the scaffolds of all hits for the default goals, which many "
        "meet. Each call is charged its cost on top of the time that the search took.",
    ),
}
"""Heading and introduction of tables that may not have been measured yet."""

OPENING = "<!-- table:"


def main(arguments: Sequence[str] | None = None) -> int:
    return refresh(PAGES, render, arguments, module="scripts.render_readme", documentation=__doc__)


def render(text: str) -> str:
    """Return `text` with every table block filled anew.

    Raises:
        ValueError: a block is not closed, or its name is unknown.
    """
    if text.count(OPENING) != len(BLOCK.findall(text)):
        raise ValueError("there is a <!-- table:NAME --> line without its <!-- /table --> line")
    return fill(text, render_table)


def render_table(name: str) -> str:
    """Return the Markdown of one table, ended by a line break."""
    if name == "endpoints":
        return tabulate(ENDPOINT_COLUMNS, list_endpoints())
    if name == "priors":
        return tabulate(PRIOR_COLUMNS, list_priors())
    if name == LEADS:
        return render_leads(RESULTS)
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        if name in SECTIONS:
            return ""
        known = sorted({"endpoints", "priors", LEADS, *SECTIONS, *(file.stem for file in RESULTS.glob("*.json"))})
        raise ValueError(f"no such table: {name!r}; known tables: {', '.join(known)}")
    result = json.loads(path.read_text(encoding="utf-8"))
    heading, introduction = SECTIONS.get(name, (None, None))
    opening = "" if heading is None else f"### {heading}\n\n{introduction}\n\n"
    return f"{opening}{RENDERERS.get(name, render_figures)(result)}\n{describe_measurement(result)}\n"


RENDERERS = {
    "admet_accuracy": render_accuracy,
    "moleculenet_accuracy": render_accuracy,
    "prediction_speed": render_speed,
    "screening_speed": render_screening,
    "screening_enrichment": render_enrichment,
    "calibration": render_calibration,
    "distribution": render_distribution,
    "pmo": render_pmo,
    "pmo_clean": render_pmo,
}
"""Tables that need more than a row per figure."""


if __name__ == "__main__":
    sys.exit(main())
