"""Causal excursion effects of a micro-randomized trial: what one more message does, now (proximal) or at the end (distal)."""

from heedful.intervene.excursions.distal import distal_excursion_effect
from heedful.intervene.excursions.marginal import marginal_excursion_effect
from heedful.intervene.excursions.weighted_centered import weighted_centered_least_squares

__all__ = ["distal_excursion_effect", "marginal_excursion_effect", "weighted_centered_least_squares"]
