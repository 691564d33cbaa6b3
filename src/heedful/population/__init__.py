"""Population: dated counts of people, exact detectors, honest weights. Importing it registers the detectors."""

from heedful.population import (
    alarms,
    bayes,
    counts,
    cusum,
    ears,
    ears_reweighted,
    farrington,
    farrington_flexible,
    outbreak_p,
    people_mentions,
    reproduction_number,
    rki,
)

__all__ = [
    "alarms",
    "bayes",
    "counts",
    "cusum",
    "ears",
    "ears_reweighted",
    "farrington",
    "farrington_flexible",
    "outbreak_p",
    "people_mentions",
    "reproduction_number",
    "rki",
]
