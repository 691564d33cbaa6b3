"""AWARE: a CSV file for each sensor of a study's phones, as the server's tables are exported (the form that RAPIDS reads)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from heedful.core.codes import CODES
from heedful.core.errors import SettingsError, SourceError
from heedful.core.schemas import Answers, Observations, Quarantine
from heedful.sources.answers.drafted import AnswerDraft, answer_batches
from heedful.sources.base import SOURCES, Batch, Options, SourceCard
from heedful.sources.phones import aware_esms
from heedful.sources.phones.prompts import answer_drafts
from heedful.sources.phones.streams import (
    GRAVITY,
    About,
    Platform,
    Record,
    Stream,
    decimals_of,
    drafts,
    header,
    instant,
    is_csv,
    portions,
    position,
    recognised,
    stream_of,
    zone_at,
)
from heedful.sources.wearables.drafts import Draft, Rows, batches
from heedful.sources.wearables.parts import Part, opened

NAME = "phones.aware"
IOS_CALL = "call event of an iPhone: several events are one call, and which is not said"
NO_SPEECH = "sound without a conversation"
NO_ACTIVITY = "activity that is none (tilting, unknown)"
BATTERY_UNKNOWN = "battery event without a state (shutdown, reboot)"
_CALLS = {"1": "incoming", "2": "outgoing", "3": "missed"}
_MESSAGES = {"1": "received", "2": "sent"}
_SCREEN = {"0": "off", "1": "on", "2": "locked", "3": "unlocked"}
_BATTERY = {2: "charging", 3: "discharging", 4: "not_charging", 5: "full"}
_ACTIVITY = {"still": "still", "on_foot": "walking", "walking": "walking", "running": "running", "on_bicycle": "cycling",
             "in_vehicle": "vehicle"}  # fmt: skip
_IOS_ACTIVITY = {"stationary": "still", "walking": "walking", "running": "running", "cycling": "cycling", "automotive": "vehicle"}
_CODES = ("acceleration_enmo", "acceleration_mad", "acceleration_mean", "ambient_light", "app_use", "conversation", "latitude",
          "longitude", "phone_battery", "phone_call", "phone_message", "recognized_activity", "screen_event")  # fmt: skip


def _call(record: Record, about: About) -> None:
    if record["call_type"] == "4":
        about.skipped[IOS_CALL] += 1
        return
    about.add("phone_call", float(record["call_duration"]), value_code=_CALLS[record["call_type"]], extra=_contact(record))


def _message(record: Record, about: About) -> None:
    about.add("phone_message", 1.0, value_code=_MESSAGES[record["message_type"]], extra=_contact(record))


def _contact(record: Record) -> str:
    return orjson.dumps({"contact": record.get("trace", "")[:80]}).decode()


def _screen(record: Record, about: About) -> None:
    about.add("screen_event", value_code=_SCREEN[record["screen_status"]])


def _battery(record: Record, about: About) -> None:
    state = int(float(record["battery_status"]))
    if state not in _BATTERY:
        about.skipped[BATTERY_UNKNOWN] += 1
        return
    scale = float(record.get("battery_scale") or 100)
    about.add("phone_battery", 100 * float(record["battery_level"]) / scale, value_code=_BATTERY[state])


def _location(record: Record, about: About) -> None:
    position(record["double_latitude"], record["double_longitude"], about)


def _light(record: Record, about: About) -> None:
    about.add("ambient_light", float(record["double_light_lux"]))


def _app(record: Record, about: About) -> None:
    about.add("app_use", value_code=record["package_name"][:120])


def _speech(record: Record, about: About) -> None:
    begin, end = float(record["double_convo_start"]), float(record["double_convo_end"])
    if not 0 < begin < end:
        about.skipped[NO_SPEECH] += 1
        return
    zone = about.at.tzinfo
    about.at = instant(record["double_convo_start"]).astimezone(zone)
    ended = instant(record["double_convo_end"])
    about.add("conversation", (ended - about.at).total_seconds(), end=ended)


def _activity(record: Record, about: About) -> None:
    found = _ACTIVITY.get(record["activity_name"])
    if found is None:
        about.skipped[NO_ACTIVITY] += 1
        return
    about.add("recognized_activity", value_code=found, how="vendor_derived")


def _ios_activity(record: Record, about: About) -> None:
    found = [name for column, name in _IOS_ACTIVITY.items() if record[column] == "1"]
    if not found:
        about.skipped[NO_ACTIVITY] += 1
        return
    about.add("recognized_activity", value_code=found[0], how="vendor_derived")


_STREAMS = (
    Stream(
        "accelerometer", ("device_id", "double_values_0", "double_values_2"), axes=("double_values_0", "double_values_1", "double_values_2")
    ),
    Stream("calls", ("device_id", "call_type", "call_duration"), _call),
    Stream("messages", ("device_id", "message_type"), _message),
    Stream("screen", ("device_id", "screen_status"), _screen),
    Stream("battery", ("device_id", "battery_status", "battery_level"), _battery),
    Stream("locations", ("device_id", "double_latitude", "double_longitude"), _location),
    Stream("light", ("device_id", "double_light_lux"), _light),
    Stream("applications", ("device_id", "package_name", "is_system_app"), _app),
    Stream("conversation", ("device_id", "double_convo_start", "double_convo_end"), _speech),
    Stream("activity (Google)", ("device_id", "activity_name", "activity_type"), _activity),
    Stream("activity (iOS)", ("device_id", "stationary", "automotive", "cycling"), _ios_activity),
    Stream("esms", aware_esms.MARKS),
    Stream("keyboard", ("device_id", "current_text")),
    Stream("bluetooth", ("device_id", "bt_address")),
    Stream("connected wifi", ("device_id", "ssid", "mac_address")),
    Stream("visible wifi", ("device_id", "ssid", "bssid")),
    Stream("zones", ("device_id", "tzcode", "timestamp")),
    Stream("another sensor of AWARE", ("timestamp", "device_id")),
)


class Aware:
    """Reads one sensor's file, or a folder or zip of them. A phone is a person: `people = {device_id = "person"}` names them; the only
    one is `Options.subject`. `decimals` (2) is how fine positions are kept. A file device_id,tzcode,timestamp says where phones were.
    """

    card = SourceCard(
        name=NAME,
        says="AWARE's sensors of phones as CSV: screen, calls, messages, battery, positions, apps, light, activity, experience samples",
        family="wearables",
        tables=(Observations, Answers, Quarantine),
        zone_rule="Instants are Unix milliseconds; the local day by the folder's table of zones, else by the declared zone.",
        terms="Data of participants: only under their consent; what was typed, networks and addresses of devices are never kept.",
        tested_on="real form: the test files of RAPIDS; the server's database is not read; experience samples untested on real files",
        codes=_CODES,
        units=tuple(sorted({CODES[code].unit for code in _CODES})),
    )

    def recognise(self, path: Path, head: bytes) -> float:
        """By the header's columns; a folder if many of its files are such."""
        return recognised(path, head, _STREAMS[:-2])

    def read(self, path: Path, options: Options, known_at: datetime, cursor: dict[str, Any] | None = None) -> Iterator[Batch]:
        """Batches of observations, then of answers and prompts. Errors: `SourceError` if no sensor's file is there; `SettingsError`."""
        decimals = decimals_of(path, NAME, options.settings, ("decimals", "people"))
        people = options.settings.get("people", {})
        if not isinstance(people, Mapping):
            raise SettingsError(f'{path}: people is a table such as people = {{device_id = "person"}}.')
        with opened(path, is_csv) as parts:
            known = [(part, stream_of(_names(part), _STREAMS)) for part in parts]
            if not any(stream for _, stream in known):
                raise SourceError(path, "no file in it is a sensor of AWARE", "Give CSV files with columns timestamp and device_id.")
            platform = replace(
                _PLATFORM,
                person=_Person(people, _first_device(known)),
                zones=_zones([part for part, one in known if one and one.name == "zones"]),
            )
            total = sum(part.size for part in parts)
            asked = [part for part, one in known if one and one.name == "esms"]
            others = [(part, one) for part, one in known if not (one and one.name == "esms")]
            if not cursor or "draft" in cursor:
                drafts_of = _all(others, platform, options, decimals, alone=len(known) == 1)
                yield from batches(drafts_of, options, known_at, cursor, total)
                cursor = None
            done = sum(part.size for part, _ in others)
            answered = answer_drafts(asked, _esms(platform, options), done, alone=len(known) == 1)
            yield from answer_batches(answered, options, known_at, cursor, total)


class _Person:
    def __init__(self, people: Mapping[str, Any], first: str) -> None:
        self._people, self._first = people, first

    def __call__(self, record: Record, part: Part, options: Options) -> str:
        device = record["device_id"]
        if device in self._people:
            return str(self._people[device])
        if not options.subject:
            return device  # whose it is must not hang on which device a file, or a push, begins with
        return options.subject if device == self._first else f"{options.subject} {device}"[:80]


def _esms(platform: Platform, options: Options) -> Callable[[Part, AnswerDraft], None]:
    def read(part: Part, draft: AnswerDraft) -> None:
        def placed(record: Record, at: datetime) -> tuple[str, datetime]:
            zone = zone_at(platform, record.get("device_id", ""), at, options.zone)
            return platform.person(record, part, options), at.astimezone(ZoneInfo(zone))

        aware_esms.read(part, draft, placed)

    return read


def _first_device(known: Sequence[tuple[Part, Stream | None]]) -> str:
    """The device of the first row of the first file that is read: its person is the declared subject."""
    for part, stream in known:
        if stream is None or not (stream.read or stream.axes or stream.name == "esms"):
            continue
        try:
            device = next((record["device_id"] for records, _ in portions(part) for _, record in records), "")
        except SourceError:
            continue
        if device:
            return device
    return ""


def _names(part: Part) -> tuple[str, ...]:
    try:
        return header(part.bytes()[:65_536])
    except SourceError:
        return ()


def _all(
    known: Sequence[tuple[Part, Stream | None]], platform: Platform, options: Options, decimals: int, *, alone: bool
) -> Iterator[Draft]:
    done = 0
    for part, stream in known:
        done += part.size
        if stream is None:
            found = iter([Draft(part.name, Rows().table(), aside=Counter({f"file that is no sensor's: {part.name[:80]}": 1}))])
        else:
            found = drafts(part, stream, platform, options, decimals)
        try:
            for draft in found:
                draft.done = done
                yield draft
        except SourceError as error:
            if alone:
                raise
            yield Draft(part.name, Rows().table(), [(error.line or 1, f"{error.reason}; {error.cure}", None)], done=done)


def _zones(parts: Sequence[Part]) -> dict[str, list[tuple[float, str]]]:
    """By device: since when (Unix seconds) it was in which zone. Lines that name none are left out."""
    found: dict[str, list[tuple[float, str]]] = {}
    for part in parts:
        for line in part.bytes().decode("utf-8", "replace").splitlines()[1:]:
            cells = line.strip().split(",")
            try:
                ZoneInfo(cells[1])
                found.setdefault(cells[0], []).append((float(cells[2]) / 1_000, cells[1]))
            except (IndexError, ValueError, KeyError, OSError):
                continue
    return {device: sorted(changes) for device, changes in found.items()}


def _device(record: Record) -> str:
    return "phone"


_PLATFORM = Platform(_STREAMS, "timestamp", _Person({}, ""), _device, lambda median: GRAVITY)

SOURCES.add(NAME, Aware())
