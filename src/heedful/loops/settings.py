"""`heedful.toml`: one commented file, checked on load; unknown keys, impossible inputs and unsafe floors are refused with the cure."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from heedful.behavior.device_registry import check_pattern
from heedful.core.codes import CODES
from heedful.core.errors import SettingsError
from heedful.core.lapse_shift import LapseShift
from heedful.core.registry import Registry
from heedful.core.voices import FLAGS, VoiceChoice
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


class PopulationSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How many people live where, for weights."""

    file: str = ""


class VoicesSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Whose posts are no count of people."""

    exclude: list[str] = msgspec.field(default_factory=lambda: list(FLAGS))


class DeviceSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which devices are believed first, by code: patterns of their names, the best first."""

    trust: dict[str, list[str]] = {}


class RiskSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How named risks are moved to this place."""

    lapse_shift: float = 0.0


class OverrideSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Other levels for a signal, a place, or both."""

    signal: str = "*"
    place: str = ""
    alpha: float | None = None
    q_limit: float | None = None
    minimum_count: float | None = None
    quiet_days: int | None = None


class DetectionSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How unlikely a count must be to be an alarm, and how many alerts a day may be looked at."""

    alpha: float = 0.001
    q_limit: float = 0.05
    alerts_a_day: int = 0
    overrides: list[OverrideSettings] = []


class WebhookSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where new alerts are posted, signed."""

    url: str = ""
    secret_file: str = ""


class MailSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where new alerts are mailed."""

    host: str = ""
    port: int = 587
    starttls: bool = True
    user: str = ""
    password_file: str = ""
    sender: str = ""
    to: list[str] = []


class AlertSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What becomes of alerts: how long one keeps quiet, and where new ones go."""

    enabled: bool = True
    quiet_days: int = 14
    newest_days: int = 28
    feed: bool = True
    webhook: WebhookSettings = WebhookSettings()
    mail: MailSettings = MailSettings()


class AdjudicatorSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An outside model that is asked where the built-in head is unsure; off unless enabled."""

    enabled: bool = False
    url: str = ""
    model: str = ""
    key_env: str = "HEEDFUL_ADJUDICATOR_KEY"
    calls_per_day: int = 200
    characters_per_day: int = 400_000
    longest: int = 2_000
    timeout_seconds: float = 30.0
    diaries: bool = False


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The whole file."""

    site: SiteSettings = SiteSettings()
    disclosure: DisclosureSettings = DisclosureSettings()
    decisions: DecisionSettings = DecisionSettings()
    detection: DetectionSettings = DetectionSettings()
    alerts: AlertSettings = AlertSettings()
    language: LanguageSettings = LanguageSettings()
    population: PopulationSettings = PopulationSettings()
    voices: VoicesSettings = VoicesSettings()
    devices: DeviceSettings = DeviceSettings()
    risk: RiskSettings = RiskSettings()
    adjudicator: AdjudicatorSettings = AdjudicatorSettings()
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

[population]
# CSV with the columns place, stratum, people (US/NY,all,19571216), relative to this file: what estimates are weighted to.
# Empty: nothing is weighted.
file = ""

[voices]
# Flagged voices that counts of people leave out; how many were left out is always shown. An empty list counts everybody.
exclude = ["copy_paste", "co_sharing", "news", "advert", "automation"]

[devices]
# Which devices are believed first where two speak about the same minute or night; without an entry a watch, band or ring comes before a
# phone, a phone before others. Parts of devices' names, the best first, for a code of: heedful devices
# trust.heart_rate = ["polar", "apple watch"]

[risk]
# By how much gaps in a medicine are commoner here than the risk expects (log odds); your own past proposes it: heedful evaluate lapse FILE
lapse_shift = 0.0

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

[detection]
# Bound of one series on one day: the share of days on which chance alone lies above it.
alpha = 0.001
# Of the signals that raise an alarm on a day, at most this share is expected to be false.
q_limit = 0.05
# Alerts of a day that an analyst can look at, the least likely by chance first; 0 for all. What is held back is said.
alerts_a_day = 0
# Other levels for a signal (or "drug:*") and a place (with all within it); the last block that fits counts.
# [[detection.overrides]]
# signal = "HP:0001945"
# place = "US/NY"
# q_limit = 0.01
# minimum_count = 10
# quiet_days = 28

[alerts]
# The newest alerts are opened by each run, to be verified or dismissed: heedful alerts list
enabled = true
# No second alert of the same signal in a related place within so many days of the last one.
quiet_days = 14
# Alarms older than this are history when a run first sees them: no alert is opened.
newest_days = 28
# An Atom and a JSON feed of open alerts, as files in the folder.
feed = true

[alerts.webhook]
# New alerts are posted as JSON to this address, signed (HMAC-SHA256) with the secret in the file. Off while empty.
url = ""
secret_file = ""

[alerts.mail]
# New alerts are mailed through this server. Off while empty.
host = ""
port = 587
starttls = true
user = ""
password_file = ""
sender = ""
to = []

[adjudicator]
# An outside model for texts that the built-in head is unsure of (heedful adjudicate). Off: nothing leaves this machine.
enabled = false
# Any endpoint in the OpenAI style, without /chat/completions: "https://api.example.org/v1", "http://localhost:8080/v1"
url = ""
model = ""
# Name of the environment variable that holds the key; the key itself never stands in this file.
key_env = "HEEDFUL_ADJUDICATOR_KEY"
# Hard limits: calls a day, characters sent a day, characters of the longest text that is sent.
calls_per_day = 200
characters_per_day = 400000
longest = 2000
timeout_seconds = 30.0
# true: diaries, too, of those whose consent covers research.
diaries = false

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
    people = settings.population.file and PopulationSettings(str(path.parent / settings.population.file))
    return msgspec.structs.replace(settings, language=named, population=people or PopulationSettings())


def check_settings(settings: Settings, path: Path) -> None:
    """Refuse what is unsafe or impossible, with the cure."""
    check_minimum(settings.disclosure.minimum_cell)
    try:
        VoiceChoice(tuple(settings.voices.exclude))
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error
    check_devices(settings, path)
    try:
        LapseShift(settings.risk.lapse_shift)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error
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
    _check_adjudicator(settings.adjudicator, path)
    for name in settings.language.vocabularies:
        if not (path.parent / name).is_file():
            raise SettingsError(f"{path}: language.vocabularies names {name}, which is no file. Correct its path, or remove it.")
    if settings.population.file and not (path.parent / settings.population.file).is_file():
        raise SettingsError(
            f"{path}: population.file names {settings.population.file}, which is no file. Correct its path, or leave it empty."
        )
    check_detection(settings, path)
    for number, one in enumerate(settings.input, start=1):
        _check_input(one, f"{path}: input {number} ({one.path})", path.parent)
    names = [one.name for one in settings.input if one.name]
    if len(set(names)) != len(names):
        raise SettingsError(f"{path}: two inputs have the same name; rows could not be told apart. Give each a name of its own.")


def check_devices(settings: Settings, path: Path) -> None:
    """Refuse an order of trust for a code that is none, or by a pattern that is none."""
    for code, patterns in settings.devices.trust.items():
        if code not in CODES:
            near = difflib.get_close_matches(code, CODES, 1)
            cure = f"; did you mean {near[0]}?" if near else ". Codes: heedful devices"
            raise SettingsError(f"{path}: devices.trust.{code} is no code{cure}")
        if not patterns:
            raise SettingsError(f"{path}: devices.trust.{code} names no device; remove it, or write parts of devices' names.")
        for pattern in patterns:
            check_pattern(pattern, f"{path}: devices.trust.{code}")


def check_detection(settings: Settings, path: Path) -> None:
    """Refuse levels that are none, and channels that lack what they need."""
    own, alerts = settings.detection, settings.alerts
    for where, alpha, q_limit in (
        ("detection", own.alpha, own.q_limit),
        *((f"detection.overrides {n}", one.alpha, one.q_limit) for n, one in enumerate(own.overrides, start=1)),
    ):
        for name, value in (("alpha", alpha), ("q_limit", q_limit)):
            if value is not None and not 0 < value < 1:
                raise SettingsError(f"{path}: {where}.{name} is {value}; it is a share above 0 and below 1, such as 0.01.")
    if own.alerts_a_day < 0:
        raise SettingsError(
            f"{path}: detection.alerts_a_day is {own.alerts_a_day}; write how many alerts a day can be looked at, or 0 for all."
        )
    quiet = [alerts.quiet_days, *(one.quiet_days for one in own.overrides if one.quiet_days is not None)]
    if min(quiet) < 0 or alerts.newest_days < 1:
        raise SettingsError(f"{path}: quiet_days must be 0 or more, and alerts.newest_days 1 or more.")
    hook, mail = alerts.webhook, alerts.mail
    if hook.url and not re.match(r"https?://", hook.url):
        raise SettingsError(f"{path}: alerts.webhook.url is {hook.url!r}; write an address that begins with https://.")
    if hook.url and not hook.secret_file:
        raise SettingsError(f"{path}: alerts.webhook needs secret_file, a file with the secret that signs what is posted.")
    if mail.host and not (mail.sender and mail.to):
        raise SettingsError(f"{path}: alerts.mail needs sender and to. Leave host empty to send no mail.")


def _check_adjudicator(adjudicator: AdjudicatorSettings, path: Path) -> None:
    if adjudicator.enabled and not (adjudicator.url and adjudicator.model):
        raise SettingsError(f"{path}: adjudicator.enabled is true, but url or model is empty. Fill both in, or switch it off.")
    if min(adjudicator.calls_per_day, adjudicator.characters_per_day, adjudicator.longest) < 0 or adjudicator.timeout_seconds <= 0:
        raise SettingsError(f"{path}: limits of the adjudicator must not be negative, and its timeout must be above 0.")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*|", adjudicator.key_env):
        raise SettingsError(f"{path}: adjudicator.key_env names an environment variable (letters, digits, _), never the key itself.")


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
            for struct in (
                Settings,
                SiteSettings,
                DisclosureSettings,
                DecisionSettings,
                DetectionSettings,
                OverrideSettings,
                AlertSettings,
                WebhookSettings,
                MailSettings,
                LanguageSettings,
                PopulationSettings,
                VoicesSettings,
                DeviceSettings,
                InputSettings,
            )
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
