"""`heedful.toml`: one commented file, checked on load; unknown keys, impossible inputs and unsafe floors are refused with the cure."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from heedful.core.errors import SettingsError
from heedful.core.registry import Registry
from heedful.sources.base import SOURCES
from heedful.trust.doors import check_minimum


class SiteSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where this site keeps its data."""

    name: str = "heedful"
    folder: str = "heedful-data"
    ledger: str = ""
    consents: list[str] = []


class DisclosureSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What may be shown of groups."""

    minimum_cell: int = 3


class DecisionSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """When a message may be proposed, and by which policy."""

    enabled: bool = False
    policy: str = "fixed"
    probability: float = 0.4
    low: float = 0.1
    high: float = 0.8
    local_time: str = "10:00"
    quiet_from: str = "21:00"
    quiet_until: str = "08:00"
    per_day: int = 1
    per_week: int = 5
    approval: bool = False


class InputSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One file or folder to read."""

    path: str
    name: str = ""
    kind: str = ""
    subject: str = ""
    zone: str = "UTC"
    settings: dict[str, Any] = {}


class LanguageSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which words are looked for beside the packaged ones."""

    vocabularies: list[str] = []


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The whole file."""

    site: SiteSettings = SiteSettings()
    disclosure: DisclosureSettings = DisclosureSettings()
    decisions: DecisionSettings = DecisionSettings()
    language: LanguageSettings = LanguageSettings()
    input: list[InputSettings] = []


TEMPLATE = """\
# heedful.toml: what is read, where it is kept, what may be shown. Check it with: heedful doctor

[site]
name = "heedful"
# Everything that heedful keeps lies in this folder (relative to this file): lake, ledger, key, outbox, page.
folder = "heedful-data"
# Leave empty for SQLite in the folder, or name a PostgreSQL database: "postgresql+psycopg://user@host/name"
ledger = ""
# CSV files of consents (person,purpose,kinds,act,from_at,until_at), read before the inputs.
consents = []

[disclosure]
# No count of fewer people than this is ever shown; 3 is the least that is allowed.
minimum_cell = 3

[language]
# Tables of your own words (term, code, label, type), relative to this file; beside those of: heedful vocabulary add
vocabularies = []

[decisions]
# Messages to participants. Off until you switch it on; every decision is logged with its probability either way.
enabled = false
# "fixed" sends with the probability below; "rule" sends only when the person's own goal is out of reach.
policy = "fixed"
probability = 0.4
# Whatever a policy says is clipped to these bounds.
low = 0.1
high = 0.8
# In each person's own time zone.
local_time = "10:00"
quiet_from = "21:00"
quiet_until = "08:00"
per_day = 1
per_week = 5
# true: a human approves each message before it leaves.
approval = false

# One block for each file or folder. kind is found by itself if you leave it out (heedful sources lists them).
# [[input]]
# path = "export.zip"
# subject = "ada"            # the participant's id, for files of one person
# zone = "Europe/Berlin"     # for files in local time without offset
"""


def load_settings(path: Path) -> Settings:
    """Read and check a settings file. Raises `SettingsError` naming the key, what is wrong and the cure."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"There is no {path}. Write one with: heedful init") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}. Compare it with the output of: heedful init --show") from error
    try:
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {_explained(str(error))}") from error
    check_settings(settings, path)
    named = LanguageSettings([str(path.parent / name) for name in settings.language.vocabularies])
    return msgspec.structs.replace(settings, language=named)


def check_settings(settings: Settings, path: Path) -> None:
    """Refuse what is unsafe or impossible, with the cure."""
    check_minimum(settings.disclosure.minimum_cell)
    decisions = settings.decisions
    if not 0 < decisions.low <= decisions.high < 1:
        raise SettingsError(
            f"{path}: decisions.low and decisions.high must satisfy 0 < low <= high < 1, so that 'no message' is always possible; "
            f"they are {decisions.low} and {decisions.high}."
        )
    if not 0 <= decisions.probability <= 1:
        raise SettingsError(f"{path}: decisions.probability is {decisions.probability}; a probability lies between 0 and 1.")
    if decisions.per_day < 0 or decisions.per_week < decisions.per_day:
        raise SettingsError(f"{path}: decisions.per_week ({decisions.per_week}) must be at least per_day ({decisions.per_day}).")
    for name in ("local_time", "quiet_from", "quiet_until"):
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", getattr(decisions, name)):
            raise SettingsError(f"{path}: decisions.{name} is {getattr(decisions, name)!r}; write a time of day as HH:MM.")
    for name in settings.language.vocabularies:
        if not (path.parent / name).is_file():
            raise SettingsError(f"{path}: language.vocabularies names {name}, which is no file. Correct its path, or remove it.")
    for number, one in enumerate(settings.input, start=1):
        _check_input(one, f"{path}: input {number} ({one.path})", path.parent)
    names = [one.name for one in settings.input if one.name]
    if len(set(names)) != len(names):
        raise SettingsError(f"{path}: two inputs have the same name; rows could not be told apart. Give each a name of its own.")


def _check_input(one: InputSettings, where: str, folder: Path) -> None:
    if not (folder / one.path).exists():
        raise SettingsError(f"{where} does not exist (looked in {folder.resolve()}). Correct its path, or remove the block.")
    if one.kind and one.kind not in SOURCES:
        raise SettingsError(f"{where}: there is no source {one.kind!r}.{_nearest(one.kind, SOURCES)} See: heedful sources")
    try:
        ZoneInfo(one.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f"{where}: {one.zone!r} is not a time zone. Write an IANA name such as Europe/Berlin.") from error


def _explained(message: str) -> str:
    unknown = re.search(r"unknown field `(\w+)`(?: - at `\$\.?(.*)`)?", message)
    if not unknown:
        return f"{message}. Compare with: heedful init --show"
    known = sorted(
        {
            field
            for struct in (Settings, SiteSettings, DisclosureSettings, DecisionSettings, LanguageSettings, InputSettings)
            for field in struct.__struct_fields__
        }
    )
    near = difflib.get_close_matches(unknown[1], known, 1)
    place = f" in [{unknown[2]}]" if unknown[2] else ""
    return (
        f"there is no setting {unknown[1]!r}{place}."
        + (f" Did you mean {near[0]!r}?" if near else "")
        + " See all with: heedful init --show"
    )


def _nearest(name: str, registry: Registry[Any]) -> str:
    near = difflib.get_close_matches(name, registry.names(), 1)
    return f" Did you mean {near[0]!r}?" if near else ""
