"""RADAR-base: CSV files of one topic each (key.userId, value.time and the topic's own values), of phones, Fitbits and Empatica's E4."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from heedful.core.codes import CODES
from heedful.core.errors import SourceError
from heedful.core.schemas import Answers, Observations, Quarantine
from heedful.sources.answers.drafted import AnswerDraft, answer_batches
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.phones import radar_questionnaires
from heedful.sources.phones.prompts import answer_drafts
from heedful.sources.phones.received import Delays
from heedful.sources.phones.streams import About, Platform, Record, Stream, decimals_of, drafts, header, is_csv, recognised, stream_of
from heedful.sources.wearables.beats import CODE
from heedful.sources.wearables.drafts import Draft, Rows, batches
from heedful.sources.wearables.parts import Part, opened

NAME = "phones.radar"
NO_SCREEN = "interaction that is neither on, off nor unlocked"
_SCREEN = {"STANDBY": "off", "UNLOCKED": "unlocked", "SHUTDOWN": "off", "BOOTED": "on", "REBOOTED": "on"}
_BATTERY = {"CHARGING": "charging", "DISCHARGING": "discharging", "NOT_CHARGING": "not_charging", "FULL": "full"}
_CALLS = {"INCOMING": "incoming", "OUTGOING": "outgoing", "MISSED": "missed"}
_STAGES = {"DEEP": "deep", "LIGHT": "light", "REM": "rem", "AWAKE": "awake", "ASLEEP": "asleep", "RESTLESS": "awake"}
_CODES = ("acceleration_enmo", "acceleration_mad", "acceleration_mean", "ambient_light", "heart_rate", "phone_battery", "phone_call",
          "rr_interval", "screen_event", "sleep_stage", "steps")  # fmt: skip


def _steps(record: Record, about: About) -> None:
    length = float(record.get("value.timeInterval") or 0)
    about.add("steps", float(record["value.steps"]), end=about.at + timedelta(seconds=length))


def _battery(record: Record, about: About) -> None:
    about.add("phone_battery", 100 * float(record["value.batteryLevel"]), value_code=_BATTERY.get(record.get("value.status", "")))


def _screen(record: Record, about: About) -> None:
    state = _SCREEN.get(record["value.interactionState"])
    if state is None:
        about.skipped[NO_SCREEN] += 1
        return
    about.add("screen_event", value_code=state)


def _call(record: Record, about: About) -> None:
    about.add("phone_call", float(record["value.duration"]), value_code=_CALLS[record["value.type"]])


def _light(record: Record, about: About) -> None:
    about.add("ambient_light", float(record["value.light"]))


def _pulse(record: Record, about: About) -> None:
    about.add("heart_rate", float(record["value.heartRate"]))


def _beat(record: Record, about: About) -> None:
    """Empatica's E4 tells an interval (seconds) at the beat that ends it."""
    seconds, end = float(record["value.interBeatInterval"]), about.at
    about.at = end - timedelta(seconds=min(max(seconds, 0.0), 60.0))
    about.add(CODE, 1_000 * seconds, end=end)


def _stage(record: Record, about: About) -> None:
    end = about.at + timedelta(seconds=float(record["value.duration"]))
    about.add("sleep_stage", value_code=_STAGES[record["value.level"].upper()], end=end, how="vendor_derived")


_KEY = ("key.userId", "value.time")
_STREAMS = (
    Stream("questionnaire", radar_questionnaires.FORM),
    Stream("log of questionnaires", radar_questionnaires.LOG),
    Stream("steps", (*_KEY, "value.steps"), _steps),
    Stream("battery", (*_KEY, "value.batteryLevel"), _battery),
    Stream("user interaction", (*_KEY, "value.interactionState"), _screen),
    Stream("calls", (*_KEY, "value.duration", "value.target", "value.type"), _call),
    Stream("light", (*_KEY, "value.light"), _light),
    Stream("heart rate", (*_KEY, "value.heartRate"), _pulse),
    Stream("intervals between beats", (*_KEY, "value.interBeatInterval"), _beat),
    Stream("sleep stages", (*_KEY, "value.level", "value.duration"), _stage),
    Stream("acceleration", (*_KEY, "value.x", "value.y", "value.z"), axes=("value.x", "value.y", "value.z")),
    Stream("relative position", (*_KEY, "value.latitudeReference")),
    Stream("another topic of RADAR", _KEY),
)


class Radar:
    """Reads one topic's file, or a folder or zip of them; a person is `key.userId` (the only one of a file: `Options.subject`)."""

    card = SourceCard(
        name=NAME,
        says="RADAR-base topics as CSV: steps, battery, screen, calls, light, acceleration of phones; questionnaires; Fitbit through RADAR",
        family="wearables",
        tables=(Observations, Answers, Quarantine),
        zone_rule="Instants are Unix seconds; the local day by the declared zone.",
        terms="Data of participants: only under their consent.",
        tested_on="real form: one file of android_phone_step_count (radarpipeline); the other topics are untested on real files",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the columns key.userId and value.time."""
        return recognised(path, head, _STREAMS)

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations, then of answers and prompts. Errors: `SourceError` if no topic's file is there; `SettingsError`."""
        decimals_of(path, NAME, options.settings, ())
        with opened(path, is_csv) as parts:
            total = sum(part.size for part in parts)
            asked = [part for part in parts if _is_asked(part)]
            others = [part for part in parts if part not in asked]
            if not cursor or "draft" in cursor:
                yield from batches(_all(path, others, options, alone=not asked), options, known_at, cursor, total)
                cursor = None
            found = answer_drafts(asked, _answers(options), sum(part.size for part in others), alone=len(parts) == 1)
            yield from answer_batches(found, options, known_at, cursor, total)


def _is_asked(part: Part) -> bool:
    try:
        stream = stream_of(header(part.bytes()[:65_536]), _STREAMS)
    except SourceError:
        return False
    return stream is not None and stream.name in ("questionnaire", "log of questionnaires")


def _answers(options: Options) -> Callable[[Part, AnswerDraft], None]:
    def placed(record: Record, at: datetime) -> tuple[str, datetime]:
        return record["key.userId"] or options.subject or "self", at.astimezone(ZoneInfo(options.zone))

    def read(part: Part, draft: AnswerDraft) -> None:
        radar_questionnaires.read(part, draft, placed)

    return read


def _all(path: Path, parts: list[Part], options: Options, *, alone: bool) -> Iterator[Draft]:
    """Drafts of each file; `alone`: nothing else was given, so that an input without a topic is refused."""
    done, known, delays = 0, 0, Delays()
    only = alone and len(parts) == 1
    for part in parts:
        done += part.size
        try:
            stream = stream_of(header(part.bytes()[:65_536]), _STREAMS)
            known += stream is not None
            if stream is None and not only:
                yield Draft(part.name, Rows().table(), aside=Counter({f"file that is no topic's: {part.name[:80]}": 1}), done=done)
            elif stream is not None:
                for draft in drafts(part, delays.watching(stream), _PLATFORM, options, 2):
                    draft.done = done
                    yield draft
        except SourceError as error:
            if only:
                raise
            yield Draft(part.name, Rows().table(), [(error.line or 1, f"{error.reason}; {error.cure}", None)], done=done)
    if notes := delays.notes():
        yield Draft(path.name, Rows().table(), aside=Counter(notes), done=done)
    if not known and alone:
        raise SourceError(path, "no file in it is a topic of RADAR", "Give CSV files with columns key.userId and value.time.")


def _person(record: Record, part: Part, options: Options) -> str:
    return record["key.userId"] or options.subject or "self"


def _device(record: Record) -> str:
    if "value.interBeatInterval" in record:
        return "Empatica E4"
    return "phone" if "value.timeInterval" not in record else "Fitbit"


_PLATFORM = Platform(_STREAMS, "value.time", _person, _device, lambda median: 1.0)

SOURCES.add(NAME, Radar())
