"""The public loop: posts → mentions, experiences → who said what where → counts of people → alarms, beside official series."""

from __future__ import annotations

from heedful.core.derivations import Derivation, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Aggregate, Public
from heedful.core.schemas import Counts, PeopleMentions
from heedful.language.experiences import experiences
from heedful.language.mentions import mentions
from heedful.population.alarms import Detection, count_alarms, series_alarms
from heedful.population.counts import count_people
from heedful.population.people_mentions import people_mentions, posters
from heedful.trust.doors import disclose


@derivation(reads=(PeopleMentions,), writes=Counts, by=("day",), needs=("detection",), version=1)
def counts(people: Frame[Public, PeopleMentions], *, detection: Detection) -> Frame[Aggregate, Counts]:
    """Counts of people by signal, place and day, as known on each day, through the disclosure door."""
    return disclose(people, count_people, detection.minimum_cell)


PUBLIC_LOOP: tuple[Derivation, ...] = (mentions, experiences, people_mentions, posters, counts, count_alarms, series_alarms)
