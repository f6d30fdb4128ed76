"""Virtual screening with known actives: targets and their split, methods that rank, figures of early recognition."""
