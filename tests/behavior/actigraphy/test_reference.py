"""Every actigraphy case of the reference equals pyActigraphy; several people at once get what each gets alone; wrong input says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from heedful.behavior.actigraphy import cole_kripke, cosinor, crespo, nonparametric, oakley, roenneberg, sadeh, scripps
from heedful.behavior.actigraphy.cases import milliseconds, recording_of
from heedful.behavior.actigraphy.recordings import RecordingError, Recordings, States, recordings
from heedful.behavior.actigraphy.sleep_regularity import sleep_midpoint, sleep_regularity_index
from heedful.behavior.actigraphy.transition_probability import transition_probability
from heedful.core.errors import HeedfulError, SchemaError, SettingsError
from heedful.core.registry import METHODS

CASES = (
    "cole_kripke_30s_rpx", "cole_kripke_mean_nowebster_awd1", "cole_kripke_mean_webster_awd1", "cosinor_freeperiod_awd1", "crespo_awd1",
    "nonparametric_awd1_1H_bin4", "nonparametric_awd1_1H_raw", "nonparametric_rpx_1H_raw", "oakley20_rpx", "oakley40_awd1",
    "roenneberg_awd1", "sadeh_awd1", "scripps_awd1", "sleep_regularity_oakley_awd1", "sleep_regularity_roenneberg_awd1",
    "transition_probability_awd1",
)  # fmt: skip
METHOD_NAMES = [f"actigraphy.{name}" for name in (
    "cole_kripke", "cosinor", "crespo", "nonparametric_rhythm", "oakley", "roenneberg", "sadeh", "scripps", "sleep_regularity_index",
    "state_transition_probability",
)]  # fmt: skip
START = np.datetime64("2026-03-02T17:20")
SCORERS: dict[str, Callable[[Recordings], States]] = {
    "cole_kripke": cole_kripke.cole_kripke, "crespo": crespo.crespo, "oakley": oakley.oakley, "roenneberg": roenneberg.roenneberg,
    "sadeh": sadeh.sadeh, "scripps": scripps.scripps,
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_equals_pyactigraphy(check_case: Callable[[str], None], name: str) -> None:
    check_case(f"actigraphy_{name}")


def days(seed: int, epochs: int = 4 * 1440) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Counts with a daily rhythm."""
    rng = np.random.default_rng(seed)
    level = np.clip(np.cos(2 * np.pi * (np.arange(epochs) / 1440 + seed / 10)) + 0.4, 0.02, None)
    return np.floor(rng.gamma(0.5, 300, epochs) * level)


@pytest.mark.parametrize("name", SCORERS)
def test_several_people_get_what_each_gets_alone(name: str) -> None:
    parts = [days(1), days(2, 3 * 1440 + 7), days(3)]
    together = SCORERS[name](recordings(parts, [START] * 3, 60))
    for p, part in enumerate(parts):
        alone = SCORERS[name](recordings([part], [START], 60))
        assert together.state[together.begin[p] : together.begin[p + 1]].tolist() == alone.state.tolist()


def test_several_people_are_measured_as_each_alone() -> None:
    parts = [days(1), days(2, 3 * 1440 + 7)]
    starts = [START, START + np.timedelta64(125, "m")]

    def measured(held: Recordings) -> np.ndarray[Any, np.dtype[np.float64]]:
        found, moved, wave = nonparametric.extremes(held), transition_probability(held), cosinor.cosinor(held, free=True)
        states = oakley.oakley(held)
        return np.stack([
            *nonparametric.stability_and_variability(held), found.least, found.most, found.least_onset, found.most_onset,
            nonparametric.average_daily_total(held), moved.to_activity, moved.to_rest, wave.period, wave.rss,
            sleep_regularity_index(states).index, sleep_midpoint(states),
        ])  # fmt: skip

    together = measured(recordings(parts, starts, 60))
    for p in range(2):
        np.testing.assert_array_equal(together[:, [p]], measured(recordings([parts[p]], [starts[p]], 60)))


@pytest.mark.parametrize("name", ["cole_kripke", "oakley", "sadeh", "scripps"])
def test_a_missing_count_leaves_its_neighbours_unknown_and_the_rest_alone(name: str) -> None:
    counts = days(4, 1440)
    whole = SCORERS[name](recordings([counts], [START], 60)).state
    counts[700] = np.nan
    holed = SCORERS[name](recordings([counts], [START], 60)).state
    differs = np.flatnonzero(holed != whole)
    assert len(differs)
    assert abs(differs - 700).max() <= 15
    assert holed[700] == -1


def test_a_recording_of_nobody_and_of_nothing() -> None:
    for name in ("cole_kripke", "oakley", "sadeh", "scripps", "roenneberg"):
        assert len(SCORERS[name](recordings([], [], 60)).state) == 0
        assert len(SCORERS[name](recordings([np.empty(0)], [START], 60)).state) == 0
    assert np.isnan(nonparametric.extremes(recordings([np.empty(0)], [START], 60)).least[0])


def test_all_still_is_not_an_error() -> None:
    held = recordings([np.zeros(3 * 1440)], [START], 60)
    assert set(oakley.oakley(held, "automatic").state.tolist()) == {-1}, "without movement there is no automatic threshold"
    assert roenneberg.roenneberg(held).state.sum() == 0
    assert np.isnan(nonparametric.stability_and_variability(held)[0][0])
    assert np.isnan(nonparametric.extremes(held).relative_amplitude[0])
    assert np.isnan(transition_probability(held).to_activity[0])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: recordings([np.array([1.0, -1.0])], [START], 60), "not negative"),
        (lambda: recordings([np.array([1.0])], [], 60), "one start for each"),
        (lambda: recordings([np.array([1.0])], [START], 0), "whole number of milliseconds"),
        (lambda: oakley.oakley(recordings([np.ones(9)], [START], 45)), "15, 30, 60 and 120"),
        (lambda: oakley.oakley(recordings([np.ones(9)], [START], 60), "auto"), "automatic"),  # type: ignore[arg-type]
        (lambda: cole_kripke.cole_kripke(recordings([np.ones(9)], [START], 60), "30sec_max_non_overlap"), "at most 30 s"),
        (lambda: cole_kripke.cole_kripke(recordings([np.ones(9)], [START], 60), "median"), "no reduction"),  # type: ignore[arg-type]
        (lambda: cole_kripke.cole_kripke(recordings([np.ones(9)], [START], 60), weights=(1, 2)), "seven weights"),
        (lambda: sadeh.sadeh(recordings([np.ones(9)], [START], 60), weights=(1,)), "four weights"),
        (lambda: scripps.scripps(recordings([np.ones(9)], [START], 60), weights=(1,)), "13 weights"),
        (lambda: crespo.crespo(recordings([np.ones(99)], [START], 60)), "more than a night"),
        (lambda: crespo.Crespo(night=0), "lengths above 0"),
        (lambda: roenneberg.Roenneberg(seed=0), "lengths above 0"),
        (lambda: nonparametric.extremes(recordings([np.ones(99)], [START], 7)), "divide a day"),
        (lambda: nonparametric.extremes(recordings([np.ones(99)], [START], 60), 30), "a day"),
        (lambda: nonparametric.stability_and_variability(recordings([np.ones(99)], [START], 60), 1000), "at least an epoch"),
        (lambda: transition_probability(recordings([np.ones(99)], [START], 60), fraction=2), "0 to 1"),
        (lambda: cosinor.cosinor(recordings([np.ones(99)], [START], 60), 1.0), "more than two"),
        (lambda: milliseconds("soon"), "no duration"),
    ],
)
def test_wrong_input_says_what_and_how_to_cure_it(wrong: Callable[[], object], says: str) -> None:
    with pytest.raises(HeedfulError, match=says):
        wrong()


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_an_argument_that_a_method_does_not_have_is_refused(method: str) -> None:
    run = METHODS.get(method).run
    assert run is not None
    times = [str(START + np.timedelta64(i, "m")) for i in range(60)]
    with pytest.raises(SettingsError, match="no argument wisdom"):
        run({"wisdom": 1}, {"activity": pl.DataFrame({"time": times, "activity": [1.0] * 60})})


def test_a_table_that_is_no_recording_is_refused() -> None:
    with pytest.raises(SchemaError, match="time and activity"):
        recording_of({"activity": pl.DataFrame({"when": ["2026-03-02T17:20"]})})
    with pytest.raises(RecordingError, match="Row 3: the times are not equally spaced"):
        recording_of(
            {"activity": pl.DataFrame({"time": ["2026-03-02T17:20", "2026-03-02T17:21", "2026-03-02T17:23"], "activity": [1, 2, 3]})}
        )
