"""Heads: what a whole text or sentence is about, as calibrated scores of linear models, learned reproducibly."""
