"""PMO, the benchmark of molecular optimisation within 10,000 calls of an oracle (arXiv:2206.12411)."""
