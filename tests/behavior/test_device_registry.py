"""The packaged families, and the order of trust that a site declares."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.behavior.daily import daily_features
from heedful.behavior.device_registry import COLUMNS, check_pattern, device_registry
from heedful.behavior.devices import STEP, TODAY, DeviceTrust, trust
from heedful.behavior.glucose.daily import daily_glucose
from heedful.behavior.sleep import nightly_sleep
from heedful.core.codes import CODES
from heedful.core.errors import SettingsError
from heedful.core.labels import Consented, Held
from heedful.core.schemas import LiveHours, Observations
from heedful.core.seals import seal
from heedful.loops.resources import site_resources
from heedful.loops.settings import Settings, load_settings
from heedful.sources.packaged import device_families

DAY = datetime(2024, 3, 1, tzinfo=UTC)
NO_HOURS = seal(LiveHours.empty(), Consented[Held], LiveHours)


def test_every_family_is_sound() -> None:
    registry = device_registry(device_families())
    assert len(registry.families) >= 20
    assert all(family.source and family.sensors for family in registry.families)
    for code in ("steps", "heart_rate", "glucose", "acceleration_enmo", "sleep_stage", "dose_taken"):
        assert registry.able(code), code
    # stages of sleep are nowhere measured: each vendor has its own rule
    assert {family.says("sleep_stage") for family in registry.able("sleep_stage")} == {"vendor_derived"}


@pytest.mark.parametrize(
    ("device", "family"),
    [
        ("Apple\xa0Watch", "Apple Watch"), ("Fitbit", "Fitbit"), ("Garmin Forerunner 245", "Garmin"), ("iPhone", "iPhone"),
        ("Withings Body+", "Withings scale"), ("Oura", "Oura ring"), ("Axivity AX3", "Axivity"), ("GENEActiv", "GENEActiv"),
        ("ActiGraph", "ActiGraph"), ("Pixel 7", "Phone (Android)"), ("Dexcom G6", "Dexcom sensor"),
    ],
)  # fmt: skip
def test_devices_are_found_by_the_names_that_sources_give(device: str, family: str) -> None:
    found = device_registry(device_families()).family_of(device)
    assert found is not None
    assert found.name == family


def test_a_table_with_a_wrong_code_or_pattern_is_refused() -> None:
    row = ["X", "x", "wrist", "steps", "", "s", "source"]
    for place, cell in ((1, "("), (3, "step"), (4, "steps"), (6, "")):
        with pytest.raises(SettingsError):
            device_registry(pl.DataFrame([[*row[:place], cell, *row[place + 1 :]]], schema=list(COLUMNS), orient="row"))
    check_pattern("watch", "here")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Apple Watch", "iPhone", "csv", "Oura ring", "Galaxy S9"]), st.sampled_from(["measured", "self_reported"])
        )
    )
)
def test_without_a_declaration_the_rule_is_todays(rows: list[tuple[str, str]]) -> None:
    table = pl.DataFrame(rows, schema={"device": pl.String, "how": pl.String}, orient="row").with_columns(code=pl.lit("steps"))
    today = table.select(trust(pl.col("device"), pl.col("how"))).to_series()
    assert table.select(TODAY.of("steps")).to_series().equals(today)
    assert table.select(TODAY.of(pl.col("code"))).to_series().equals(today)
    declared = DeviceTrust((("steps", ("phone", "csv")), ("glucose", ("watch",))))
    ours = table.select(declared.of(pl.col("code"))).to_series()
    assert ours.equals(table.select(declared.of("steps")).to_series())
    assert (ours % STEP).equals(today)  # what kind of device it is stays known
    for (device, how), value in zip(rows, ours, strict=True):
        assert value // STEP == (0 if how == "self_reported" else {"iPhone": 2, "csv": 1}.get(device, 0))


def observed(rows: list[dict[str, Any]]) -> Any:
    base = {
        "person": "p",
        "offset_minutes": 0,
        "how": "measured",
        "row": 0,
        "known_at": DAY,
        "extra": None,
        "value_code": None,
        "value": None,
    }
    table = [base | row | {"day": row["start_at"].date(), "unit": CODES[row["code"]].unit} for row in rows]
    return seal(pl.DataFrame(table, schema=Observations.dtypes()), Consented[Held], Observations)


def feature(frame: Any, name: str) -> float:
    found = frame.data.filter((pl.col("feature") == name) & (pl.col("day") == date(2024, 3, 1)))
    return float(found["value"][0])


def test_the_declared_device_is_believed_for_its_signal_only() -> None:
    rows = []
    for minute in range(9 * 60, 19 * 60):
        at = DAY + timedelta(minutes=minute)
        rows += [
            {"code": "steps", "start_at": at, "end_at": at + timedelta(minutes=1), "value": 10.0, "device": "Apple Watch"},
            {"code": "steps", "start_at": at, "end_at": at + timedelta(minutes=1), "value": 30.0, "device": "iPhone"},
            {"code": "heart_rate", "start_at": at, "end_at": at, "value": 70.0, "device": "Apple Watch"},
        ]
    rows += [{"code": "resting_heart_rate", "start_at": DAY, "end_at": DAY, "value": value, "device": device} for value, device in ((60.0, "Apple Watch"), (66.0, "iPhone"))]  # fmt: skip
    frame = observed(rows)
    assert feature(daily_features(frame, devices=TODAY), "steps[sum]") == 6_000
    declared = DeviceTrust((("steps", ("iphone",)),))
    assert feature(daily_features(frame, devices=declared), "steps[sum]") == 18_000
    assert feature(daily_features(frame, devices=declared), "resting_heart_rate[vendor]") == 60
    other = DeviceTrust((("resting_heart_rate", ("iphone",)),))
    assert feature(daily_features(frame, devices=other), "resting_heart_rate[vendor]") == 66
    assert feature(daily_features(frame, devices=other), "steps[sum]") == 6_000


def test_a_phone_that_is_declared_first_is_still_a_phone() -> None:
    """Steps of a phone count on a day without wear, whatever its place."""
    at = DAY + timedelta(hours=9)
    frame = observed([{"code": "steps", "start_at": at, "end_at": at + timedelta(minutes=1), "value": 50.0, "device": "iPhone"}])
    assert feature(daily_features(frame, devices=DeviceTrust((("steps", ("iphone",)),))), "steps[sum]") == 50


def test_sleep_and_glucose_follow_the_declaration() -> None:
    night = DAY - timedelta(hours=2)
    stages = [
        {"code": "sleep_stage", "start_at": night, "end_at": night + timedelta(hours=hours), "value_code": "deep", "device": device}
        for hours, device in ((7, "Oura ring"), (6, "mattress"))
    ]
    assert feature(nightly_sleep(observed(stages), NO_HOURS), "sleep_minutes[stages]") == 420
    declared = DeviceTrust((("sleep_stage", ("mattress",)),))
    assert feature(nightly_sleep(observed(stages), NO_HOURS, devices=declared), "sleep_minutes[stages]") == 360
    sugar = [
        {"code": "glucose", "start_at": DAY + timedelta(minutes=15 * n), "end_at": DAY + timedelta(minutes=15 * n), "value": value, "device": device}
        for n in range(90) for value, device in ((100.0, "Dexcom"), (120.0, "Libre"))
    ]  # fmt: skip
    assert feature(daily_glucose(observed(sugar)), "glucose_mean") == 100
    assert feature(daily_glucose(observed(sugar), devices=DeviceTrust((("glucose", ("libre",)),))), "glucose_mean") == 120


def test_the_setting_is_checked_and_is_part_of_the_version(tmp_path: Path) -> None:
    path = tmp_path / "heedful.toml"
    path.write_text('[devices]\ntrust.heart_rate = ["polar", "apple watch"]\n')
    declared = site_resources(load_settings(path))["devices"]
    assert declared.order_of("heart_rate") == ("polar", "apple watch")
    assert declared.fingerprint != site_resources(Settings())["devices"].fingerprint
    for wrong, says in (
        ("trust.hart_rate = ['x']", "did you mean heart_rate"),
        ("trust.steps = ['(']", "regular expression"),
        ("trust.steps = []", "names no device"),
    ):
        path.write_text(f"[devices]\n{wrong}\n")
        with pytest.raises(SettingsError, match=says):
            load_settings(path)
