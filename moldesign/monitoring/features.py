"""What is looked at of each served molecule, by name; a module of its own, because a server must not load torch."""

SIMILARITY = "similarity"
DESCRIPTOR_NAMES = ("mw", "logp", "tpsa", "hbd", "hba", "rotatable_bonds", "rings", "fsp3")
N_LATENT = 16
"""Directions of the network's latent space, as many as it keeps (`predictors.latent.N_DIMENSIONS`)."""
FEATURES = (SIMILARITY, *DESCRIPTOR_NAMES, *(f"latent_{k}" for k in range(N_LATENT)))
"""Tanimoto similarity to the nearest training molecule, descriptors, place in the network's latent space."""
