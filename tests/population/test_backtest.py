"""The back-test on detectors whose scores can be worked out, on known histories, and on what was known then."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from heedful.core.errors import SettingsError
from heedful.population.backtest import Plan, backtest, mean_interval, rate_interval, score, wilson
from heedful.population.contenders import Contender, contenders
from heedful.population.noufaily_scenarios import SCENARIOS, simulate
from heedful.population.outbreak_injection import Outbreaks
from heedful.population.yearly_reference import Calendar

QUIET = np.full((30, 156), 4.0)
BIG = Plan(replicas=2, outbreaks=Outbreaks(10, 20))


def told(name: str, answer: object) -> Contender:
    def run(counts: np.ndarray, calendar: Calendar, first: int, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        alarm = answer(counts)[:, rows]  # type: ignore[operator]
        return alarm, np.ones_like(alarm)

    return Contender(name, "", run)


PERFECT = told("perfect", lambda counts: counts > 4)
SILENT = told("silent", lambda counts: np.zeros(counts.shape, dtype=bool))
RINGING = told("ringing", lambda counts: np.ones(counts.shape, dtype=bool))
NERVOUS = told("nervous", lambda counts: np.broadcast_to(np.arange(counts.shape[1]) % 2 == 0, counts.shape))


def test_scores_are_what_a_perfect_a_silent_and_an_ever_ringing_detector_deserve() -> None:
    found = backtest(QUIET, Calendar(52), [PERFECT, SILENT, RINGING, NERVOUS], BIG, seed=1)
    perfect, silent, ringing, nervous = found.scores
    assert (perfect.detection.value, perfect.timeliness.value, perfect.delay.value, perfect.false_alerts.value) == (1, 1, 0, 0)
    assert (silent.detection.value, silent.timeliness.value, silent.alarm_share) == (0, 0, 0)
    assert np.isnan(silent.delay.value)
    # an alarm that never stops began before the outbreak, unless that is in the first tested week
    assert ringing.detection.value < 0.1
    assert ringing.alarm_share == 1
    assert nervous.false_alerts.value == pytest.approx(26, rel=0.05)
    assert found.recommended == 0
    assert found.said.startswith("perfect")


def test_without_an_able_detector_the_advice_says_so() -> None:
    blind = Contender("blind", "", lambda counts, calendar, first, rows: (np.zeros((30, 52), bool), np.zeros((30, 52), bool)))
    found = backtest(QUIET, Calendar(52), [blind], BIG, seed=1)
    assert found.recommended is None
    assert "too short" in found.said
    found = backtest(QUIET, Calendar(52), [NERVOUS], BIG, seed=1)
    assert found.said.startswith("No detector stays within 1 false alerts")


def test_the_same_seed_gives_the_same_outbreaks_to_everyone() -> None:
    one = backtest(QUIET, Calendar(52), [PERFECT, SILENT], BIG, seed=9)
    again = backtest(QUIET, Calendar(52), [PERFECT, SILENT], BIG, seed=9)
    assert one.scores[0] == again.scores[0]
    assert np.array_equal(one.tallies[0].length, one.tallies[1].length)


def test_real_detectors_find_larger_outbreaks_more_often_and_rarely_cry_wolf() -> None:
    counts, spread = simulate(SCENARIOS[13], 60, seed=3, weeks=320)
    plans = [Plan(replicas=1, outbreaks=Outbreaks(size, size)) for size in (2, 10)]
    small, large = (backtest(counts, Calendar(52), contenders(Calendar(52), 268), plan, seed=4, spread=spread) for plan in plans)
    for one, other in zip(small.scores, large.scores, strict=True):
        if one.alarm_share < 0.2:  # not OutbreakP, which stays in alarm through a season
            assert other.detection.value > one.detection.value
        assert other.coverage > 0.9
    flexible = {score.settings: score for score in large.scores if score.detector == "flexible Farrington"}
    assert flexible["delta, alpha 0.01, 5 years"].detection.value > 0.8
    alerts = [flexible[f"delta, alpha {alpha}, 5 years"].false_alerts.value for alpha in ("0.05", "0.01", "0.005", "0.001")]
    assert alerts == sorted(alerts, reverse=True)


@pytest.mark.parametrize("one", contenders(Calendar(52), 268), ids=lambda one: one.title)
def test_date_by_date_a_contender_says_the_same_as_at_once(one: Contender) -> None:
    counts, _ = simulate(SCENARIOS[14], 4, seed=6, weeks=280)
    alarm, tested = one.run(counts, Calendar(52), 268, slice(268, 280))
    for row in range(268, 280):
        blind = counts.copy()
        blind[:, row + 1 :] = np.nan  # nothing later can be known
        now = one.run(blind, Calendar(52), 268, slice(row, row + 1))
        assert np.array_equal(now[0][:, 0], alarm[:, row - 268])
        assert np.array_equal(now[1][:, 0], tested[:, row - 268])


def test_a_history_is_replayed_as_it_was_known_and_so_are_the_cases_put_in() -> None:
    seen = []

    def known(row: int) -> np.ndarray:
        then = QUIET.copy()
        then[:, row + 1 :] = np.nan
        then[:, row] = 2.0  # half of the newest week is reported late
        return then

    def watch(counts: np.ndarray) -> np.ndarray:
        newest = int(np.flatnonzero(~np.isnan(counts[0]))[-1])
        seen.append((counts[:, newest].copy(), newest))
        return counts > 1e9

    backtest(QUIET, Calendar(52), [told("watch", watch)], Plan(replicas=1, outbreaks=Outbreaks(10, 10)), seed=2, known=known)
    assert [newest for _, newest in seen] == list(range(104, 156))
    # an outbreak has some 20 cases, half of them in its first week, of which half are known
    assert max(column.max() for column, _ in seen) < 2 + 12


def test_figures_of_some_series_alone() -> None:
    found = backtest(QUIET, Calendar(52), [PERFECT], BIG, seed=1)
    mine = np.arange(30) < 10
    assert score(found.tallies[0], BIG, 52, mine).outbreaks == 20


def test_intervals() -> None:
    assert wilson(0, 20, 0.95).low == 0
    exact = rate_interval(np.array([2.0, 1, 0, 1]), np.full(4, 2.0), 0.95)
    assert (exact.low, exact.high) == pytest.approx((chi2.ppf(0.025, 8) / 16, chi2.ppf(0.975, 10) / 16))
    uneven = rate_interval(np.array([40.0, 0, 0, 0]), np.full(4, 2.0), 0.95)
    even = rate_interval(np.full(4, 10.0), np.full(4, 2.0), 0.95)
    assert uneven.high - uneven.low > 3 * (even.high - even.low)
    assert mean_interval(np.array([0.5]), 0.95, 0, 1).high == 1


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(SettingsError, match="1 more are needed"):
        backtest(QUIET[:, :52], Calendar(52), [PERFECT], Plan(), seed=1)
    with pytest.raises(SettingsError, match="at least one detector"):
        backtest(QUIET, Calendar(52), [], Plan(), seed=1)
    with pytest.raises(SettingsError, match="replica"):
        Plan(replicas=0)
