"""How many masked steps per second does the vector environment make, without a policy?

256 copies, an allowed token chosen at random for each; parsing the molecules is included, and the objective
is free.
"""

import argparse
import time

import numpy as np

from benchmarks.harness import write_result
from moldesign.chem.smiles import quiet_rdkit
from moldesign.envs.grammar import Grammar
from moldesign.envs.tokens import build_default_vocabulary
from moldesign.envs.vector_env import SmilesVectorEnv

N_COPIES, MAX_LENGTH, SEED = 256, 100, 0


def choose_tokens(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (mask * (rng.random(mask.shape, dtype=np.float32) + np.float32(1e-6))).argmax(axis=1)


def measure_environment(seconds: float) -> float:
    env = SmilesVectorEnv(lambda smiles: np.zeros(len(smiles)), max_length=MAX_LENGTH, num_envs=N_COPIES)
    env.reset(seed=SEED)
    rng, n_steps, start = np.random.default_rng(SEED), 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        env.step(choose_tokens(env.action_masks(), rng))
        n_steps += N_COPIES
    return n_steps / (time.perf_counter() - start)


def measure_grammar(seconds: float) -> float:
    grammar = Grammar(build_default_vocabulary(), MAX_LENGTH)
    state, rng = grammar.start(N_COPIES), np.random.default_rng(SEED)
    n_steps, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        grammar.step(state, choose_tokens(grammar.mask(state), rng))
        grammar.restart(state, state.ended)
        n_steps += N_COPIES
    return n_steps / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each figure is measured")
    seconds = parser.parse_args().seconds
    with quiet_rdkit():
        figures = {
            "environment_steps_per_s": round(measure_environment(seconds)),
            "grammar_steps_per_s": round(measure_grammar(seconds)),
        }
    print(figures)
    write_result("environment_speed", figures, seed=SEED, extra={"n_copies": N_COPIES, "max_length": MAX_LENGTH})


if __name__ == "__main__":
    main()
