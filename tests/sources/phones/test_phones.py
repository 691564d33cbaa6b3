"""Against the files themselves, counted by the csv module alone, and files written here."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sources.phones.samples import esms, radar

from heedful.behavior.ema_compliance import _compliance
from heedful.core.errors import SettingsError, SourceError
from heedful.sources.base import SOURCES, Options
from heedful.sources.phones.aware import IOS_CALL, NO_SPEECH
from heedful.sources.phones.aware_esms import NOT_ASKED
from heedful.sources.phones.beiwe import FREE_TEXT, ON_SCREEN
from heedful.sources.phones.prompts import FREE_TEXT as FREE
from heedful.sources.phones.prompts import PENDING
from heedful.sources.phones.streams import SPARSE

KNOWN_AT = datetime(2026, 1, 1, tzinfo=UTC)


def records(path: Path) -> list[dict[str, str]]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.real
def test_aware_says_what_its_files_say(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/beiwe_aware_radar/aware"
    assert SOURCES.get("phones.aware").recognise(folder, b"") == 0.85
    found = read("phones.aware", folder, subject="p")
    rows = found["observations"]
    screen = Counter(row["screen_status"] for row in records(folder / "aware_csv/phone_screen_raw.csv"))
    ours = Counter(rows.filter(pl.col("code") == "screen_event")["value_code"])
    assert ours == {"off": screen["0"], "on": screen["1"], "locked": screen["2"], "unlocked": screen["3"]}
    calls = records(folder / "aware_csv/phone_calls_raw.csv")
    told = {
        (row["timestamp"], row["device_id"], row["call_type"], row["trace"]): float(row["call_duration"])
        for row in calls
        if row["call_type"] != "4"
    }
    assert rows.filter(pl.col("code") == "phone_call")["value"].sum() == sum(told.values())
    assert found.skipped[IOS_CALL] == sum(row["call_type"] == "4" for row in calls)
    talk = records(folder / "aware_csv/phone_conversation_raw.csv.gz")
    assert found.skipped[NO_SPEECH] == sum(not 0 < float(row["double_convo_start"]) < float(row["double_convo_end"]) for row in talk)
    assert found.aside["stream that is not read: keyboard"] == 1
    assert set(rows["person"]) == {"p", "p ios"}
    light = sum(float(row["double_light_lux"]) for row in records(folder / "aware_csv/phone_light_raw.csv"))
    assert rows.filter(pl.col("code") == "ambient_light")["value"].sum() == pytest.approx(light)


@pytest.mark.real
def test_beiwes_surveys_are_answers_and_its_positions_coarse(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/beiwe_aware_radar/beiwe"
    found = read("phones.beiwe", folder, zone="America/New_York")
    answers, places = found["answers"], found["observations"]
    files = sorted(folder.rglob("survey_answers/*/*.csv"))
    sliders = [row["answer"] for file in files for row in records(file) if row["question type"] == "slider"]
    assert sorted(answers.filter(pl.col("item") == "fe260986-c52d-4371-953b-4e7877d822c5")["value"]) == sorted(map(float, sliders))
    assert set(answers["person"]) == {"idr8gqdh", "16au2moz", "lb8v89pm"}
    assert found.skipped[FREE_TEXT] == 6
    radio = answers.filter(pl.col("item") == "1cd434c3-9d1a-4211-a47f-942cae1515f2")
    assert radio["value_text"].to_list() == ["Nope. No commas here."] * 2
    assert set(places["person"]) == {"idr8gqdh"}
    assert places.filter(pl.col("code") == "latitude")["value"].unique().to_list() == [42.34]
    assert places["day"].unique().to_list() == [datetime(2021, 12, 14).date()]


@pytest.mark.real
def test_beiwes_prompts_that_expired_are_rows_without_an_answer(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "interop/beiwe_aware_radar/beiwe"
    found = read("phones.beiwe", folder, zone="America/New_York")
    prompts = found["answers"].filter(pl.col("item").str.starts_with("prompt"))
    handed_in = {(file.parts[-4], file.name[:19]) for file in folder.rglob("survey_answers/*/*.csv")}
    events = [(file.parts[-4], row) for file in folder.rglob("survey_timings/*/*.csv") for row in records(file)]
    expired = [(person, row["UTC time"]) for person, row in events if row["event"] == "expired"]
    open_ends = [one for one in expired if (one[0], one[1][:19].replace("T", " ").replace(":", "_")) not in handed_in]
    assert sorted(prompts["person"]) == sorted(person for person, _ in expired)
    assert prompts["value"].null_count() == prompts["value_text"].null_count() == 14
    # Two ends, at 16:32:56 and 19:20:11, are those of answers handed in at that second: one prompt each, which was answered.
    assert (len(expired), len(open_ends)) == (14, 12)
    answered = found["answers"].filter(pl.col("value").is_not_null() | pl.col("value_text").is_not_null())
    assert prompts.join(answered, on=["person", "instrument", "asked_at"], how="anti").height == 12
    assert found.skipped[ON_SCREEN] == sum(row["event"] != "expired" for _, row in events)


def test_awares_experience_samples_are_answers_and_prompts(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "esms.csv").write_text("\n".join([*esms(), ""]))
    found = read("phones.aware", tmp_path / "esms.csv", subject="p", zone="Europe/Berlin")
    answers = found["answers"]
    day = answers.filter(pl.col("instrument") == "day")
    assert day.filter(pl.col("item") == "Mood")["value"].to_list() == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert day.filter(pl.col("item") == "Where")["value_text"].to_list() == [FREE, "home", "home", FREE, "home", "home"]
    assert day.filter(pl.col("item") == "prompt (expired)").height == day.filter(pl.col("item") == "prompt (dismissed)").height == 3
    assert day["asked_at"].n_unique() == 12  # the two questions of a queue are one prompt
    assert (day["answered_at"].drop_nulls() - day.drop_nulls("answered_at")["asked_at"]).unique().to_list() == [timedelta(minutes=1)]
    assert answers.filter(pl.col("instrument") == "evening").select("item", "value_text").rows() == [("Words", FREE)]
    assert not any("Jane" in (one or "") or "tired" in (one or "") for one in answers["value_text"])
    assert sorted(found["quarantine"]["line"]) == [27, 28]
    assert found.skipped[NOT_ASKED] == found.skipped[PENDING] == 1
    shares = _compliance(answers).filter(pl.col("feature") == "ema_compliance[day]")
    # Berlin's days hold 3, 4, 4 and 1 prompts, of which 2, 2, 2 and none were answered.
    assert shares["value"].to_list() == pytest.approx([200 / 3, 50.0, 50.0, 0.0])


def test_an_older_table_of_aware_has_the_question_in_columns(tmp_path: Path, read: Callable[..., Any]) -> None:
    head = "timestamp,device_id,esm_type,esm_title,esm_radios,esm_status,esm_user_answer,esm_trigger"
    rows = ['1709280000000,a,2,Where,"[""home"",""work""]",2,work,t', "1709290000000,a,6,Pain,,2,7,t", "1709300000000,a,6,Pain,,6,,t"]
    (tmp_path / "esms.csv").write_text("\n".join([head, *rows, ""]))
    answers = read("phones.aware", tmp_path / "esms.csv", subject="p")["answers"]
    assert answers.select("item", "value", "value_text").rows() == [
        ("Where", None, "work"), ("Pain", 7.0, None), ("prompt (replaced)", None, None),
    ]  # fmt: skip


def test_radars_questionnaires_were_asked_when_the_phone_notified(tmp_path: Path, read: Callable[..., Any]) -> None:
    path, options = radar(tmp_path)
    answers = read("phones.radar", path)["answers"]
    mood = answers.filter(pl.col("item") == "mood")
    assert mood["value"].to_list() == [float(n) for n in range(9)]
    assert mood["asked_at"].dt.epoch("s").to_list() == [1_700_000_000 + 9_000 * n - 30 for n in range(9)]
    assert (mood["answered_at"] - mood["asked_at"]).unique().to_list() == [timedelta(seconds=90)]
    assert answers.filter(pl.col("item") == "place")["value_text"].unique().to_list() == ["home"]
    assert answers.filter(pl.col("item") == "prompt (expired)").height == 5
    assert SOURCES.get("phones.radar").recognise(path, b"") > 0.8
    assert options.name == "study"


@pytest.mark.real
def test_radar_reads_its_only_raw_file(shared_data: Path, read: Callable[..., Any]) -> None:
    rows = read("phones.radar", shared_data / "interop/beiwe_aware_radar/radar")["observations"]
    assert rows.select("person", "code", "value", pl.col("start_at").dt.timestamp("ms")).rows() == [
        ("5c0e2ec7-6f85-4041-9669-7145075d1754", "steps", 6.0, 1540472247877)
    ]


def test_a_phone_that_travels_has_the_days_of_where_it_was(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "screen.csv").write_text("timestamp,device_id,screen_status\n1709265600000,a,1\n1709352000000,a,1\n")  # 04:00 Z
    (tmp_path / "zones.csv").write_text("device_id,tzcode,timestamp\na,Europe/Berlin,0\na,America/New_York,1709300000000\n")
    rows = read("phones.aware", tmp_path)["observations"].sort("start_at")
    assert rows["offset_minutes"].to_list() == [60, -300]
    assert [str(day) for day in rows["day"]] == ["2024-03-01", "2024-03-01"]


def test_acceleration_of_a_phone_is_told_in_minutes(tmp_path: Path, read: Callable[..., Any]) -> None:
    lines = [f"{1709280000000 + 100 * n},x,3,0,0,{9.80665 + (n % 2)}" for n in range(600)]
    lines += [f"{1709280060000 + 1000 * n},x,3,0,0,9.8" for n in range(60)]
    path = tmp_path / "2024.csv"
    path.write_text("\n".join(["timestamp,UTC time,accuracy,x,y,z", *lines, ""]))
    found = read("phones.beiwe", path, subject="p")
    values = dict(found["observations"].select("code", "value").rows())
    assert values["acceleration_enmo"] == pytest.approx(500 / 9.80665, abs=1e-3)
    assert values["acceleration_mad"] == pytest.approx(500 / 9.80665, abs=1e-3)
    assert found.skipped == {SPARSE: 1}


def test_lying_clocks_and_places_off_the_earth_are_set_aside(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "locations.csv"
    rows = ["60000,a,50,8", "4070908800000,a,50,8", "1709280000000,a,500,8", "1709280000000,a,50.123456,8.654321"]
    path.write_text("\n".join(["timestamp,device_id,double_latitude,double_longitude", *rows, ""]))
    found = read("phones.aware", path, subject="p", decimals=1)
    assert dict(found["observations"].select("code", "value").rows()) == {"latitude": 50.1, "longitude": 8.7}
    reasons = found["quarantine"]["reason"].to_list()
    assert sum("before 1980" in one for one in reasons) == 2
    assert sum("wrong clock" in one for one in reasons) == 2
    assert sum("no place on Earth" in one for one in reasons) == 1
    assert not any("500" in (one or "") for one in found["quarantine"]["content"])


def test_settings_are_checked(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "screen.csv"
    path.write_text("timestamp,device_id,screen_status\n1709265600000,a,1\n")
    with pytest.raises(SettingsError, match="decimals"):
        read("phones.aware", path, decimals=9)
    with pytest.raises(SettingsError, match="does not know"):
        read("phones.radar", path, people={})
    assert read("phones.aware", path, subject="p", people={"a": "ada"})["observations"]["person"].to_list() == ["ada"]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cut=st.floats(0, 1),
    hole=st.integers(0, 30),
    data=st.binary(max_size=20),
    name=st.sampled_from(["phones.aware", "phones.radar", "phones.beiwe"]),
)
def test_any_cut_or_hole_ends_in_rows_or_a_source_error(cut: float, hole: int, data: bytes, name: str, tmp_path: Path) -> None:
    whole = {
        "phones.aware": "timestamp,device_id,call_type,call_duration,trace\n"
        + "".join(f"{1709265600000 + n},a,{1 + n % 3},{n},c\n" for n in range(9)),
        "phones.radar": "key.userId,value.time,value.steps\n" + "".join(f"u,{1.7e9 + n},{n}\n" for n in range(9)),
        "phones.beiwe": "question id,question type,question text,question answer options,answer\n" + "q,slider,Q,,3\n" * 9,
    }[name].encode()
    path = tmp_path / "2022-03-10 14_06_43+00_00.csv"
    place = int(cut * len(whole))
    for damaged in (whole[:place], whole[:place] + data + whole[place + hole :]):
        path.write_bytes(damaged)
        assert kept_or_refused(name, path)


def kept_or_refused(name: str, path: Path) -> bool:
    """Every record is accounted for, or the refusal names a cure."""
    try:
        batches = list(SOURCES.get(name).read(path, Options("x", "p"), KNOWN_AT))
    except SourceError as error:
        return bool(error.cure)
    return all(sum(len(frame) for frame in batch.rows) + sum(batch.skipped.values()) == batch.records for batch in batches)


def test_radar_s_intervals_between_beats_and_the_clock_that_stamped_them(tmp_path: Path, read: Callable[..., Any]) -> None:
    """Of an E4 whose clock gains two seconds a day: told beside the phone that received its rows, and nothing is moved."""
    header = "key.projectId,key.userId,key.sourceId,value.time,value.timeReceived,value.interBeatInterval"
    first = 1_699_920_000
    times = [first + 86_400 * day + 3_600 * hour for day in range(12) for hour in range(5)]
    lines = [f"p,u,s,{at + 2 * (at - first) / 86_400:.4f},{at + 3},0.8125" for at in times]
    folder = tmp_path / "android_empatica_e4_inter_beat_interval"
    folder.mkdir()
    (folder / "a.csv").write_text("\n".join([header, *lines, "p,u,s,1.7E9,,9", ""]))
    found = read("phones.radar", tmp_path)
    rows = found["observations"].sort("start_at")
    assert rows.select("code", "value", "device").unique().rows() == [("rr_interval", 812.5, "Empatica E4")]
    assert rows["end_at"][0].timestamp() == first
    assert found["quarantine"]["reason"].str.contains("9000.0 ms is outside what is plausible").to_list() == [True]
    (told,) = found.aside
    assert "device 1: its clock gains 2.00 seconds a day (" in told
    assert "12 days) beside the phone that received it; nothing was moved" in told


def test_a_clock_is_told_over_the_many_files_that_radar_writes_and_without_whose_it_is(tmp_path: Path, read: Callable[..., Any]) -> None:
    header = "key.projectId,key.userId,key.sourceId,value.time,value.timeReceived,value.interBeatInterval"
    folder = tmp_path / "study" / "jane-doe" / "ibi"
    folder.mkdir(parents=True)
    for day in range(9):
        at = 1_699_920_000 + 86_400 * day
        lines = [f"study,jane-doe,s,{at + minute * 60 + 3 * day},{at + minute * 60 + 40},0.8" for minute in range(3)]
        (folder / f"{day}.csv").write_text("\n".join([header, *lines, ""]))
    (told,) = read("phones.radar", tmp_path).aside
    assert told.startswith("intervals between beats, device 1: its clock gains 3.00 seconds a day")
    assert "jane" not in told


@pytest.mark.parametrize("other", ["a,b\n1,2\n", ""])
def test_a_questionnaire_is_read_beside_one_file_that_cannot_be(other: str, tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "q.csv").write_text(
        "key.userId,value.time,value.name,value.timeCompleted,value.answers.0.questionId,value.answers.0.value\n"
        "u,1699920000,phq8,1699920100,mood,3\nu,1699930000,phq8,1699930100,who,jane@example.org\nu,1699940000,phq8,1699940100,when,22:30\n"
    )
    (tmp_path / "other.csv").write_text(other)
    found = read("phones.radar", tmp_path)
    assert found["answers"].select("item", "value", "value_text").rows() == [
        ("mood", 3.0, None), ("who", None, FREE), ("when", None, "22:30")
    ]  # fmt: skip
    assert found.aside == {"file that is no topic's: other.csv": 1} if other else found["quarantine"]["reason"].str.contains("empty").all()


def test_samples_of_aware_are_read_beside_one_sensor_s_file_that_cannot_be(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "esms.csv").write_text("\n".join([*esms(), ""]))
    alone = read("phones.aware", tmp_path, subject="p")["answers"]
    (tmp_path / "screen.csv").write_text('timestamp,device_id,screen_status\n1709280000000,a,"' + "x" * 200_000 + '"\n')
    limit = csv.field_size_limit(131_072)  # other sources raise it
    try:
        found = read("phones.aware", tmp_path, subject="p")
    finally:
        csv.field_size_limit(limit)
    assert found["answers"].height == alone.height > 0
    assert found["quarantine"]["reason"].str.contains("cannot be told apart").any()


def test_what_somebody_typed_is_not_kept_as_a_number_either(tmp_path: Path, read: Callable[..., Any]) -> None:
    """Hours of sleep are; a telephone number, and one written beside the choices, are not."""
    head = "timestamp,device_id,esm_type,esm_title,esm_radios,esm_status,esm_user_answer,esm_trigger"
    rows = ["1709280000000,a,1,Slept,,2,7.5,t", "1709290000000,a,1,Who,,2,5550123456,t", '1709300000000,a,2,Where,"[""1""]",2,5550123456,t']
    (tmp_path / "esms.csv").write_text("\n".join([head, *rows, ""]))
    answers = read("phones.aware", tmp_path / "esms.csv", subject="p")["answers"]
    assert answers.select("value", "value_text").rows() == [(7.5, None), (None, FREE), (None, FREE)]
