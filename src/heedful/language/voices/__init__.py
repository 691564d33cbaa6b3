"""Voices: who speaks in unison. Texts that are copies of each other, and accounts that share the same things at the same moment."""

from __future__ import annotations

from heedful.language.voices import co_sharing as co_sharing
from heedful.language.voices import near_duplicates as near_duplicates
from heedful.language.voices import voices as voices
