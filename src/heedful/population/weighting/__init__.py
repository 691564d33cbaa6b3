"""Weights that make a biased sample speak for its population, and how much that costs and leaves."""

from heedful.population.weighting import balance, calibrated, cells, multilevel, propensity, spread

__all__ = ["balance", "calibrated", "cells", "multilevel", "propensity", "spread"]
