"""From what a chemist asks for to one reward per molecule, every term kept to explain it."""
