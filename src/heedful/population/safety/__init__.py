"""Safety signals: which effects are told of with a treatment more often than with others. Importing it registers the methods.

Every figure here says how *telling* is distributed, not how often an effect happens: a signal is a reason for a person to look, never a
finding about a drug.
"""

from heedful.population.safety import accounts, ebgm, information_component, masking, prr, ror, time_to_onset

__all__ = ["accounts", "ebgm", "information_component", "masking", "prr", "ror", "time_to_onset"]
