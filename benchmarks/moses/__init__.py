"""What the benchmark of distribution learning asks of `molsets`, which lives in an environment of its own."""
