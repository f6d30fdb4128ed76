"""What the accuracy benchmarks share: baselines, resumable runs, the paired bootstrap and the summary."""
