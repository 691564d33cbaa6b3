"""The flags that a voice may have, and which of them a site leaves out of its counts of people."""

from __future__ import annotations

from dataclasses import dataclass

from heedful.core.errors import SettingsError

FLAGS = ("copy_paste", "co_sharing", "news", "advert", "automation")
"""Of `Voices`; see heedful.language.voices."""


@dataclass(frozen=True)
class VoiceChoice:
    """exclude: flags whose people are not counted; all by default, none shows everybody. Raises `SettingsError` on an unknown flag.

    >>> VoiceChoice(("news",)).fingerprint
    'exclude=news'
    """

    exclude: tuple[str, ...] = FLAGS

    def __post_init__(self) -> None:
        strange = sorted(set(self.exclude) - set(FLAGS))
        if strange:
            raise SettingsError(f"voices.exclude names {', '.join(strange)}; the flags are {', '.join(FLAGS)}.")

    @property
    def fingerprint(self) -> str:
        return f"exclude={','.join(sorted(self.exclude))}"
