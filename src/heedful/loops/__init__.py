"""Loops: which derivations, in which order; and the comparison with other programs."""
