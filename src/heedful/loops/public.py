"""The public loop: posts → mentions, experiences → who said what where → counts of people → alarms, beside official series."""

from __future__ import annotations

from heedful.core.derivations import Derivation, derivation
from heedful.core.frames import Frame
from heedful.core.labels import Aggregate, Public
from heedful.core.schemas import Counts, LeftOut, PeopleMentions, Voices
from heedful.core.voices import VoiceChoice
from heedful.language.claim_matches import claims
from heedful.language.experiences import experiences
from heedful.language.mentions import mentions
from heedful.language.text_labels import text_labels
from heedful.language.voices.voices import voices
from heedful.loops.crisis import crisis_counts
from heedful.loops.estimates import PUBLIC as ESTIMATES
from heedful.loops.rumours import DERIVATIONS as RUMOURS
from heedful.loops.safety import DERIVATIONS as SAFETY
from heedful.population.alarms import Detection, count_alarms, series_alarms, weekly_alarms
from heedful.population.alert_clusters import alerts
from heedful.population.counts import count_people
from heedful.population.left_out import count_left_out, gone_days
from heedful.population.people_mentions import people_mentions, posters
from heedful.population.weekly_people import weekly_people
from heedful.trust.doors import disclose_beside


@derivation(reads=(PeopleMentions, Voices), writes=Counts, by=("day",), needs=("detection", "voices"), version=2)
def counts(
    people: Frame[Public, PeopleMentions], flagged: Frame[Public, Voices], *, detection: Detection, voices: VoiceChoice
) -> Frame[Aggregate, Counts]:
    """Counts of people by signal, place and day, as known on each day, through the disclosure door; without the voices that the site
    leaves out ([voices] exclude), whom left_out counts."""
    return disclose_beside(
        people,
        flagged,
        lambda rows, flags, minimum: count_people(rows, minimum, gone_days(flags, voices.exclude)),
        detection.minimum_cell,
        Counts,
    )


@derivation(reads=(PeopleMentions, Voices), writes=LeftOut, by=("day",), needs=("detection", "voices"), version=1)
def left_out(
    people: Frame[Public, PeopleMentions], flagged: Frame[Public, Voices], *, detection: Detection, voices: VoiceChoice
) -> Frame[Aggregate, LeftOut]:
    """People whom the counts leave out because their voices are flagged, by signal, place and day, through the disclosure door."""
    return disclose_beside(
        people, flagged, lambda rows, flags, minimum: count_left_out(rows, gone_days(flags, voices.exclude), minimum),
        detection.minimum_cell,
        LeftOut,
    )  # fmt: skip


PUBLIC_LOOP: tuple[Derivation, ...] = (
    mentions, experiences, text_labels, crisis_counts, people_mentions, posters, voices, claims, counts, left_out,
    count_alarms, weekly_people, weekly_alarms, series_alarms, alerts, *ESTIMATES, *RUMOURS, *SAFETY
)  # fmt: skip
