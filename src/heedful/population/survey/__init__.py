"""Estimates from samples with a known design: means, totals and ratios with linearized standard errors, and weights adjusted to totals."""

from heedful.population.survey import calibrate, design, estimates, post_stratify, rake

__all__ = ["calibrate", "design", "estimates", "post_stratify", "rake"]
