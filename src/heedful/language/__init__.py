"""Language: what people say of symptoms, conditions and drugs, in their own words. Importing it registers its methods."""

from __future__ import annotations

from heedful.language import claim_bursts as claim_bursts
from heedful.language import claim_matches as claim_matches
from heedful.language import claims as claims
from heedful.language import experiences as experiences
from heedful.language import mentions as mentions
from heedful.language import new_words as new_words
from heedful.language import roles as roles
from heedful.language import stance as stance
from heedful.language import voices as voices
from heedful.language.tagger import tagger as tagger
