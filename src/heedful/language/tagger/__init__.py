"""Spans of text learned from examples: a linear-chain conditional random field over hashed features of the tokens."""
