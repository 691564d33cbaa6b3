"""Language: what people say of symptoms, conditions and drugs, in their own words. Importing it registers its methods."""

from __future__ import annotations

from heedful.language import experiences as experiences
from heedful.language import mentions as mentions
