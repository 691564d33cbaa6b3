"""Sentence vectors for finding claims told in other words: off by default, from the user's model folder (extra `semantic`)."""
