"""The policy: a language model of SMILES, its pre-training and its sampling."""
