"""Proposals that are not the policy: genetic operators, a surrogate of the score, and the search that joins them."""
