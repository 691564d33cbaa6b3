"""Language: what people say of symptoms, conditions and drugs, in their own words. Importing it registers its methods."""

from __future__ import annotations

from heedful.language import claims as claims
from heedful.language import experiences as experiences
from heedful.language import mentions as mentions
from heedful.language import roles as roles
from heedful.language import voices as voices
from heedful.language.tagger import tagger as tagger
