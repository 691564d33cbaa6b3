"""Charts of likelihood ratios of counts: the kernels behind `glr`. One call runs one series from `start` to its end or its next alarm.

z(t) = log-likelihood of count t after a change less that without. A known change adds z up, never below 0 (CUSUM); an unknown one takes,
at each n, the largest sum over k..n among all k, each with the change that fits k..n best (generalized likelihood ratio, GLR).

Reference: Höhle & Paul 2008, Comput Stat Data Anal 52:4357-4368; Held, Höhle & Hofmann 2005 for the epidemic chart.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from heedful.population.cases import Floats

NO_COUNT = 1e99
"""R's answer where it finds no count that raises the alarm."""
_STUCK = -18.0
"""R's Newton iterations end below; a chain that got there stays there."""
_MOST_NEWTON = 1000
_FARTHEST = 40.0
"""A change of the log mean by more is as good as this."""
_LOG_IS_ENOUGH = 1e-3
"""Dispersion above which log(1 + y) loses no digit that shows; log1p takes twice as long."""
_LAST_NEAR = 8
"""Up to this column of the table shifts lie near enough to each other for a short series."""
_SHIFTS = np.concatenate([[0.0], 0.04 * 1.4 ** np.arange(15)])
"""Sizes of the change at which the table below knows every stretch's ratio and slope."""


class Chart(IntEnum):
    """What is charted."""

    CUSUM = 0
    GLR = 1
    EPIDEMIC = 2


class Rule(NamedTuple):
    """Settings of a chart as kernels take them: `chart` a `Chart`; `shift` of log mean, if known; `sign` 1 for increases, -1 for
    decreases; `shortest` and `longest` stretch k..n (longest 0: any); counts up to `most` are tried as cases needed; `as_in_r`, R's
    iterations with all they miss."""

    chart: int
    threshold: float
    shift: float
    sign: int
    shortest: int
    longest: int
    alpha: float
    cases: bool
    most: float
    as_in_r: bool


class _Table(NamedTuple):
    """Log-likelihood `ratio` and its `slope` at `shifts`, of all rows before each row [row, shift]: a stretch's are the difference of two;
    `bracket`, the last shift whose slope is still positive; `bound` and `guess` of each k at n; `now`, terms of n at each shift, and the
    ratio and slope up to n with the count in `held` (row, count)."""

    shifts: Floats
    grown: Floats
    ratio: Floats
    slope: Floats
    bracket: npt.NDArray[np.int64]
    bound: Floats
    guess: Floats
    now: Floats
    held: Floats


_jit = numba.njit(cache=True, nogil=True, error_model="numpy")
# small and called for every row: a call that hands a table of arrays over costs more than what is done in it
_near = numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
_sums = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "arcp"})


@_jit
def run_chart(
    x: Floats, mu: Floats, start: int, rule: Rule, statistic: Floats, needed: Floats, alarm: npt.NDArray[np.bool_], restart: bool
) -> int:
    """Fill `statistic`, `needed` and `alarm` from `start`; the chart begins anew after an alarm, or ends there unless `restart`.
    Returns the row after the last one filled. A missing count has x = 0 and mu = 0, which add nothing."""
    rows = len(x)
    work, table = _work(x, mu, rule.alpha), _table(rows if rule.chart == 1 and rule.alpha > 0 else 0, rule.sign)
    begin = start
    for n in range(start, rows):
        raised = False
        if rule.chart == 0:
            before = statistic[n - 1] if n > begin else 0.0
            statistic[n] = max(0.0, before + _known(x[n], mu[n], rule))
            raised = statistic[n] > rule.threshold
            needed[n] = _known_needed(before, mu[n], rule) if rule.cases else np.nan
        else:
            _meet(table, mu, n, rule)
            value = _largest(table, work, x, mu, n, begin, rule)
            statistic[n] = value
            raised = value > rule.threshold if rule.chart == 2 and rule.alpha == 0 and rule.as_in_r else value >= rule.threshold
            if rule.cases:
                needed[n] = _needed(table, work, x, mu, n, begin, rule, raised)
            _add(table, x[n], n, rule)
        if raised and mu[n] > 0:
            alarm[n] = True
            begin = n + 1
            if not restart:
                return begin
    return rows


@_jit
def _work(x: Floats, mu: Floats, alpha: float) -> Floats:
    """alpha * mu; mu * (alpha * x + 1); score at no change; log(1 + alpha * mu)."""
    work = np.empty((4, len(x)))
    for row in range(len(x)):
        _prepare(work, x, mu, row, alpha)
    return work


@_near
def _prepare(work: Floats, x: Floats, mu: Floats, row: int, alpha: float) -> None:
    work[0, row] = alpha * mu[row]
    work[1, row] = mu[row] * (alpha * x[row] + 1)
    work[2, row] = (x[row] - mu[row]) / (1 + alpha * mu[row])
    work[3, row] = np.log1p(alpha * mu[row])


@_jit
def _known(x: float, mu: float, rule: Rule) -> float:
    """z of one count for a known shift of the log mean."""
    grown = np.exp(rule.shift)
    if rule.alpha == 0:
        return rule.shift * x + (1 - grown) * mu
    return rule.shift * x + (x + 1 / rule.alpha) * np.log((1 + rule.alpha * mu) / (1 + rule.alpha * mu * grown))


@_jit
def _known_needed(before: float, mu: float, rule: Rule) -> float:
    """Count, not rounded, at which the CUSUM meets its threshold."""
    grown, room = np.exp(rule.shift), rule.threshold - before
    if rule.alpha == 0:
        return (room + mu * (grown - 1)) / rule.shift
    ratio = np.log((1 + rule.alpha * mu) / (1 + rule.alpha * mu * grown))
    return (room - ratio / rule.alpha) / (rule.shift + ratio)


@_jit
def _largest(table: _Table, work: Floats, x: Floats, mu: Floats, n: int, begin: int, rule: Rule) -> float:
    """Generalized likelihood ratio at n; NaN where no stretch is long enough."""
    low, high = _stretches(n, begin, rule)
    if low > high:
        return np.nan
    if rule.chart == 2:
        return _epidemic(x, mu, low, high, n, rule)
    if rule.alpha == 0:
        return _poisson(x, mu, low, high, n, rule)
    return _negative_binomial(table, work, x, mu, low, high, n, rule)


@_near
def _stretches(n: int, begin: int, rule: Rule) -> tuple[int, int]:
    """First and last k. R's Poisson charts count differently from its others: without a limit a chart of `shortest` rows also takes
    shorter stretches, with one its stretches are a row longer."""
    high = n - (rule.shortest - 1)
    if rule.as_in_r and rule.alpha == 0 and rule.chart == 1:
        if rule.longest > 0:
            high = n - rule.shortest
        elif high >= begin:
            high = n
    low = begin if rule.longest <= 0 else max(begin, n - rule.longest)
    if not rule.as_in_r and rule.longest > 0:
        low = max(begin, n - rule.longest + 1)
    return low, high


@_jit
def _poisson(x: Floats, mu: Floats, low: int, high: int, n: int, rule: Rule) -> float:
    """The best shift of k..n is the log of its cases over its expected cases."""
    cases, expected, best = 0.0, 0.0, -np.inf
    for k in range(n, low - 1, -1):
        cases += x[k]
        expected += mu[k]
        if k > high:
            continue
        if (cases - expected) * rule.sign <= 0:
            value = 0.0
        elif cases == 0:
            if rule.as_in_r:  # R takes 0 * log(0) for missing and goes on
                continue
            value = expected
        else:
            value = cases * np.log(cases / expected) - (cases - expected)
        best = max(best, value)
    return best if best > -np.inf else np.nan


@_jit
def _table(rows: int, sign: int) -> _Table:
    size = len(_SHIFTS)
    return _Table(
        _SHIFTS, np.exp(sign * _SHIFTS), np.zeros((rows + 1, size)), np.zeros((rows + 1, size)), np.zeros(rows, np.int64),
        np.zeros(rows), np.zeros(rows), np.zeros((5, size)), np.full(2, -1.0),
    )  # fmt: skip


@_near
def _meet(table: _Table, mu: Floats, n: int, rule: Rule) -> None:
    """What the terms of date n need at each shift, whatever its count."""
    if len(table.bracket) == 0:
        return
    table.bracket[n], before = 0, 1 + rule.alpha * mu[n]
    for j in range(len(table.shifts)):
        grown = table.grown[j] * mu[n]
        table.now[0, j] = grown
        table.now[1, j] = 1 / (1 + rule.alpha * grown)
        table.now[2, j] = np.log(before * table.now[1, j])


@_near
def _add(table: _Table, count: float, n: int, rule: Rule) -> None:
    """Date n joins every stretch."""
    if len(table.bracket) > 0:
        _sum_up(table, count, n, rule)
        for j in range(len(table.shifts)):
            table.ratio[n + 1, j], table.slope[n + 1, j] = table.now[3, j], table.now[4, j]


@_near
def _sum_up(table: _Table, count: float, n: int, rule: Rule) -> None:
    """Ratio and slope of all rows up to n at each shift, with `count` at n, into `now`."""
    if table.held[0] == n and table.held[1] == count:
        return
    now, inverse_alpha = table.now, 1 / rule.alpha
    for j in range(len(table.shifts)):
        now[3, j] = table.ratio[n, j] + rule.sign * table.shifts[j] * count + (count + inverse_alpha) * now[2, j]
        now[4, j] = table.slope[n, j] + rule.sign * (count - now[0, j]) * now[1, j]
    table.held[0], table.held[1] = n, count


@_jit
def _negative_binomial(table: _Table, work: Floats, x: Floats, mu: Floats, low: int, high: int, n: int, rule: Rule) -> float:
    """Bound each stretch from the table, then search the best shift of those few that can be the largest."""
    if rule.as_in_r and rule.sign < 0:
        return _chain(work, x, mu, low, high, n, rule)
    likely = _bounds(table, x[n], low, high, n, rule)
    best, at, best_shift = 0.0, -1, 0.0
    for turn in range(low - 1, high + 1):
        k = likely if turn < low else turn
        if table.bound[k] <= best or (turn >= low and k == likely):
            continue
        shift = _bracketed(table, work, x, mu, k, n, rule)
        value = _near_ratio(table, work, x, k, n, shift, rule)
        if value > best:
            best, at, best_shift = value, k, shift
    if rule.as_in_r and at >= 0 and _may_run_away(table, work, x, mu, low, at, n, rule.alpha, best_shift):
        return _chain(work, x, mu, low, high, n, rule)
    return best


@_near
def _bounds(table: _Table, count: float, low: int, high: int, n: int, rule: Rule) -> int:
    """Upper bound of each stretch's ratio: where the tangents at the two nearest shifts meet, the likelihood being concave. Returns the
    stretch with the largest; `guess` is where the slope between the two would be 0."""
    shifts, last = table.shifts, len(table.shifts) - 1
    ratio, slope = table.now[3], table.now[4]
    _sum_up(table, count, n, rule)
    largest, likely = -1.0, low
    for k in range(low, high + 1):
        table.bound[k], table.guess[k] = 0.0, 0.0
        before = table.slope[k]
        if slope[0] <= before[0]:
            continue
        j = table.bracket[k]
        while j < last and slope[j + 1] > before[j + 1]:
            j += 1
        while j > 0 and slope[j] <= before[j]:
            j -= 1
        table.bracket[k] = j
        if j == last:
            table.bound[k], table.guess[k] = np.inf, shifts[last]
        else:
            width = shifts[j + 1] - shifts[j]
            rise, fall = slope[j] - before[j], slope[j + 1] - before[j + 1]
            near, far = ratio[j] - table.ratio[k, j], ratio[j + 1] - table.ratio[k, j + 1]
            table.bound[k] = near + rise * (far - near - fall * width) / (rise - fall)
            table.guess[k] = shifts[j] + width * rise / (rise - fall)
        if table.bound[k] > largest:
            largest, likely = table.bound[k], k
    return likely


@_jit
def _bracketed(table: _Table, work: Floats, x: Floats, mu: Floats, k: int, n: int, rule: Rule) -> float:
    """Newton's method for the best shift, kept between the nearest shifts known to be too small and too large."""
    j, sign = table.bracket[k], rule.sign
    near, far = float(table.shifts[j]), float(table.shifts[j + 1]) if j + 1 < len(table.shifts) else np.inf
    shift = float(table.guess[k])
    for _step in range(_MOST_NEWTON):
        score, information = _score(work, x, mu, k, n, rule.alpha, shift * sign)
        if score * sign > 0:
            near = shift
        else:
            far = shift
        ahead = shift + (score * sign / information if information > 0 else np.inf)
        close = 1e-3  # half the square of a Newton step is left, since the information's logarithm changes no faster than the shift
        if not near <= ahead <= far or ahead > shift + 2:
            ahead, close = shift + 2 if far == np.inf else (near + far) / 2, 1e-5
        if abs(ahead - shift) <= close or ahead > _FARTHEST:  # the ratio's error is the square of the shift's
            return ahead
        shift = ahead
    return shift


@_near
def _near_ratio(table: _Table, work: Floats, x: Floats, k: int, n: int, shift: float, rule: Rule) -> float:
    """Ratio of k..n from that at the nearest smaller shift of the table: what is added needs only logarithms near 1."""
    j = table.bracket[k]
    if j > _LAST_NEAR:
        return _ratio(work, x, k, n, rule.alpha, shift * rule.sign)
    further = rule.sign * (shift - table.shifts[j])
    return table.now[3, j] - table.ratio[k, j] + _moved(work, x, k, n, rule.alpha, table.grown[j], further)  # pyright: ignore[reportArgumentType]


@_sums
def _moved(work: Floats, x: Floats, k: int, n: int, alpha: float, before: float, further: float) -> float:
    """What a shift further than `before` (its exp) adds to the ratio. log(1 + y) as the series of
    2 artanh(y / (2 + y)), exact to 1e-13 for its small y."""
    grown, inverse_alpha, total = np.expm1(further), 1 / alpha, 0.0
    for row in range(k, n + 1):
        mean = work[0, row] * before
        z = mean * grown / (2 + mean * (2 + grown))  # y / (2 + y) of y = mean * grown / (1 + mean)
        s = z * z
        log = 2 * z * (1 + s * (1 / 3 + s * (1 / 5 + s * (1 / 7 + s * (1 / 9 + s * (1 / 11 + s / 13))))))
        total += further * x[row] - (x[row] + inverse_alpha) * log
    return total


@_jit
def _may_run_away(table: _Table, work: Floats, x: Floats, mu: Floats, low: int, k: int, n: int, alpha: float, shift: float) -> bool:
    """Whether R's iteration, which starts at the last stretch's shift or, if that was lost, at 0, does not come to the best one."""
    if k == low:
        return not abs(_newton(work, x, mu, k, n, alpha, 0.5) - shift) < 1e-3
    starts = (table.guess[k - 1], 0.0) if table.guess[k - 1] > 0 else (0.0, 0.0)
    if not abs(_newton(work, x, mu, k, n, alpha, starts[0]) - shift) < 1e-3:
        return True
    return starts[0] > 0 and not abs(_newton(work, x, mu, k, n, alpha, 0.0) - shift) < 1e-3


@_jit
def _chain(work: Floats, x: Floats, mu: Floats, low: int, high: int, n: int, rule: Rule) -> float:
    """R's way: Newton's method for each stretch from the shift of the one before. A stretch whose score at no change points the other
    way has none, and the likelihood being concave, shift * score bounds its ratio from above."""
    alpha, sign = rule.alpha, rule.sign
    slope = 0.0
    for row in range(low, n + 1):
        slope += work[2, row]
    shift, best = 0.5, -np.inf
    for k in range(low, high + 1):
        if slope * sign <= 0:
            shift, best = 0.0, max(best, 0.0)
        else:
            shift = _newton(work, x, mu, k, n, alpha, shift)
            shift = sign * max(0.0, sign * shift) if not np.isnan(shift) else 0.0
            if shift * slope > best:
                best = max(best, _ratio(work, x, k, n, alpha, shift) if shift != 0 else 0.0)
        slope -= work[2, k]
    return best


@_sums
def _score(work: Floats, x: Floats, mu: Floats, k: int, n: int, alpha: float, shift: float) -> tuple[float, float]:
    """Score and information of a shift of the log mean over k..n."""
    grown, score, information = np.exp(shift), 0.0, 0.0
    for row in range(k, n + 1):
        inverse = 1 / (1 + work[0, row] * grown)
        score += (x[row] - grown * mu[row]) * inverse
        information += work[1, row] * inverse * inverse
    return score, information * grown


@_sums
def _ratio(work: Floats, x: Floats, k: int, n: int, alpha: float, shift: float) -> float:
    grown, inverse_alpha, total = np.exp(shift), 1 / alpha, 0.0
    if alpha > _LOG_IS_ENOUGH:
        for row in range(k, n + 1):
            total += shift * x[row] + (x[row] + inverse_alpha) * (work[3, row] - np.log(1 + work[0, row] * grown))
    else:
        for row in range(k, n + 1):
            total += shift * x[row] + (x[row] + inverse_alpha) * (work[3, row] - np.log1p(work[0, row] * grown))
    return total


@_jit
def _newton(work: Floats, x: Floats, mu: Floats, k: int, n: int, alpha: float, shift: float) -> float:
    """R's iteration, which can run away where the mean is small beside 1 / alpha; its last steps, below what the ratio shows, are
    left out."""
    last = shift - 1
    for _step in range(_MOST_NEWTON):
        if not (shift > _STUCK and abs(shift - last) > 1e-5):
            break
        last = shift
        score, information = _score(work, x, mu, k, n, alpha, last)
        shift = last + score / information
    return shift


@_jit
def _epidemic(x: Floats, mu: Floats, low: int, high: int, n: int, rule: Rule) -> float:
    """Mean mu(t) + lambda * x(t - 1): the best lambda of each stretch."""
    alpha = rule.alpha
    best, growth = -np.inf, np.log(0.5) if alpha == 0 else 0.5
    for k in range(low, high + 1):
        if not rule.as_in_r:
            growth = _best_growth(x, mu, k, n, alpha)
        elif alpha == 0:
            growth = _r_growth(x, mu, k, n, growth)
        else:
            growth = _r_shift_for_growth(x, mu, k, n, alpha, growth)  # R fits the intercept chart's shift here
        value = _epidemic_ratio(x, mu, k, n, alpha, growth)
        if value > best:
            best = value
    return best if best > -np.inf else np.nan


@_jit
def _yesterday(x: Floats, row: int) -> float:
    return x[row - 1] if row > 0 else 0.0


@_jit
def _epidemic_ratio(x: Floats, mu: Floats, k: int, n: int, alpha: float, growth: float) -> float:
    total, factor = 0.0, np.exp(growth)
    for row in range(k, n + 1):
        extra = factor * _yesterday(x, row) if mu[row] > 0 else 0.0
        if mu[row] == 0:
            continue
        if alpha == 0:
            total += x[row] * np.log(extra / mu[row] + 1) - extra
        else:
            ratio = np.log1p(alpha * mu[row]) - np.log1p(alpha * (mu[row] + extra))
            total += x[row] * (np.log((mu[row] + extra) / mu[row]) + ratio) + ratio / alpha
    return total


@_jit
def _growth_score(x: Floats, mu: Floats, k: int, n: int, alpha: float, growth: float) -> tuple[float, float]:
    """First and second derivative of the epidemic ratio by log lambda."""
    first, second, factor = 0.0, 0.0, np.exp(growth)
    for row in range(k, n + 1):
        if mu[row] == 0:
            continue
        extra = factor * _yesterday(x, row)
        mean = mu[row] + extra
        by_mean = x[row] / mean - (1 + alpha * x[row]) / (1 + alpha * mean)
        by_mean_twice = -x[row] / mean**2 + alpha * (1 + alpha * x[row]) / (1 + alpha * mean) ** 2
        first += by_mean * extra
        second += by_mean_twice * extra**2 + by_mean * extra
    return first, second


@_jit
def _r_growth(x: Floats, mu: Floats, k: int, n: int, growth: float) -> float:
    last = 2.0
    for _step in range(_MOST_NEWTON):
        if not (growth > _STUCK and abs(np.exp(growth) - np.exp(last)) > 1e-6):
            break
        last = growth
        first, second = _growth_score(x, mu, k, n, 0.0, last)
        growth = last - first / second
    return growth


@_jit
def _r_shift_for_growth(x: Floats, mu: Floats, k: int, n: int, alpha: float, growth: float) -> float:
    last = 0.4
    for _step in range(_MOST_NEWTON):
        if not (growth > _STUCK and abs(growth - last) > 1e-6):
            break
        last = growth
        score, information, factor = 0.0, 0.0, np.exp(last)
        for row in range(k, n + 1):
            score += (x[row] - factor * mu[row]) / (1 + alpha * factor * mu[row])
            information += mu[row] * (alpha * x[row] + 1) / (1 + alpha * factor * mu[row]) ** 2
        growth = last + score / (factor * information)
    return growth


@_jit
def _best_growth(x: Floats, mu: Floats, k: int, n: int, alpha: float) -> float:
    """Log of the best lambda, -40 for none: by halving, as the likelihood of small counts need not be concave in log lambda. Its slope
    changes sign once from plus to minus where each count's does."""
    low, high = -40.0, 10.0
    if _growth_score(x, mu, k, n, alpha, low)[0] <= 0:
        return low
    for _step in range(60):
        middle = (low + high) / 2
        if _growth_score(x, mu, k, n, alpha, middle)[0] > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@_jit
def _with(table: _Table, work: Floats, x: Floats, mu: Floats, n: int, begin: int, rule: Rule, count: float) -> float:
    """Statistic at n if `count` had been seen."""
    seen = x[n]
    x[n] = count
    _prepare(work, x, mu, n, rule.alpha)
    value = _largest(table, work, x, mu, n, begin, rule)
    x[n] = seen
    _prepare(work, x, mu, n, rule.alpha)
    return value


@_jit
def _needed(table: _Table, work: Floats, x: Floats, mu: Floats, n: int, begin: int, rule: Rule, raised: bool) -> float:
    """Smallest count that raises the alarm (for decreases the largest; in R's Poisson chart the smallest that does not)."""
    low, high = _stretches(n, begin, rule)
    if low > high or mu[n] == 0:
        return np.nan
    if not rule.as_in_r:
        return _crossing(table, work, x, mu, n, begin, rule, 0.0)
    if rule.alpha == 0:
        return _needed_poisson_in_r(table, work, x, mu, n, begin, rule)
    return _needed_in_r(table, work, x, mu, n, begin, rule, raised)


@_jit
def _crossing(table: _Table, work: Floats, x: Floats, mu: Floats, n: int, begin: int, rule: Rule, least: float) -> float:
    """By bisection: the statistic does not fall as the newest count moves the way that is looked for."""
    if rule.sign > 0:
        if _with(table, work, x, mu, n, begin, rule, least) >= rule.threshold:
            return least
        low, high = least, max(1.0, 2 * least)
        while _with(table, work, x, mu, n, begin, rule, high) < rule.threshold:
            low, high = high, high * 2
            if low > rule.most:
                return np.nan
    else:
        if _with(table, work, x, mu, n, begin, rule, 0.0) < rule.threshold:
            return np.nan
        low, high = 0.0, max(1.0, np.ceil(mu[n]))
        while _with(table, work, x, mu, n, begin, rule, high) >= rule.threshold:
            low, high = high, high * 2
    while high - low > 1:
        middle = np.floor((low + high) / 2)
        if (_with(table, work, x, mu, n, begin, rule, middle) >= rule.threshold) == (rule.sign > 0):
            high = middle
        else:
            low = middle
    return high if rule.sign > 0 else low


@_jit
def _needed_poisson_in_r(table: _Table, work: Floats, x: Floats, mu: Floats, n: int, begin: int, rule: Rule) -> float:
    if rule.sign > 0:
        return _crossing(table, work, x, mu, n, begin, rule, 0.0)
    value = _with(table, work, x, mu, n, begin, rule, 0.0)
    if not value > rule.threshold:
        return 0.0
    low, high = 0.0, max(1.0, np.ceil(mu[n]))
    while _with(table, work, x, mu, n, begin, rule, high) > rule.threshold:
        low, high = high, high * 2
    while high - low > 1:
        middle = np.floor((low + high) / 2)
        if _with(table, work, x, mu, n, begin, rule, middle) > rule.threshold:
            low = middle
        else:
            high = middle
    return high


@_jit
def _needed_in_r(table: _Table, work: Floats, x: Floats, mu: Floats, n: int, begin: int, rule: Rule, raised: bool) -> float:
    """R walks from the observed count, up where there is no alarm, down where there is one, and does not set out from 0."""
    count = x[n]
    if rule.sign < 0:  # going up only silences a decrease, and going down only strengthens it
        return np.nan if raised else NO_COUNT
    if raised:
        while count >= 1:
            count -= 1
            if not _with(table, work, x, mu, n, begin, rule, count) >= rule.threshold:
                return count + 1
        return np.nan
    if count < 1:
        return NO_COUNT
    exact = Rule(
        rule.chart, rule.threshold, rule.shift, rule.sign, rule.shortest, rule.longest, rule.alpha, rule.cases, rule.most, False
    )  # fmt: skip
    first = _crossing(table, work, x, mu, n, begin, exact, count + 1)  # R's ratio is never above the exact one
    if np.isnan(first):
        return NO_COUNT
    count = first
    while count <= rule.most + 1:
        if _with(table, work, x, mu, n, begin, rule, count) >= rule.threshold:
            return count
        count += 1
    return NO_COUNT
