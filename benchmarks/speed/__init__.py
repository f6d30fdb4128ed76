"""Parts of the speed benchmarks: fresh processes, their memory, and other programs."""
