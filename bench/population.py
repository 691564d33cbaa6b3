"""Detectors, reproduction number, scan, safety signals and early warning: processor seconds, beside R in the same run where R is there.

R is Debian's (`apt-get install r-cran-surveillance r-cran-epiestim`), run on the same series; where `Rscript` or a package is missing, the line compares with
the seconds the issue states for R, and says so. Ours are asked for many series at once, R for one at a time, as each is used.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from bench.measure import Line, at_least, at_most, fresh_process, median, watch

WEEKS, TESTED = 364, 104
ISSUE_SECONDS = {"flexible 1": 1.30, "flexible 10": 2.19, "farrington": 0.84, "ears": 0.006, "glr": 0.040, "epiestim": 0.079}
"""R's, one core, a series of 104 tested weeks (EpiEstim: 365 days)."""
BARS = {"flexible 1": 300, "flexible 10": 200, "farrington": 300, "ears": 500, "glr": 100, "epiestim": 50}
WORDS = {
    "flexible 1": "flexible Farrington, 1 period", "flexible 10": "flexible Farrington, 10 periods", "farrington": "Farrington 1996",
    "ears": "EARS C1", "glr": "GLR, negative binomial, dispersion fitted", "epiestim": "reproduction number, 365 days",
}  # fmt: skip

R_PROGRAM = """
suppressMessages(library(surveillance)); folder <- commandArgs(TRUE)[1]; n <- as.integer(commandArgs(TRUE)[2])
counts <- as.matrix(read.csv(file.path(folder, "counts.csv"), header = FALSE)); tested <- {first}:{last}
seconds <- function(f) {{ # at least n calls, and at least a second: R's clock ticks every 4 ms
  f(1); t <- proc.time(); done <- 0; used <- 0
  while (done < n || used < 1) {{ done <- done + 1; f((done - 1) %% nrow(counts) + 1); used <- as.numeric(sum((proc.time() - t)[1:2])) }}
  used / done }}
one <- function(i) sts(observed = matrix(counts[i, ], ncol = 1), frequency = 52, start = c(2001, 1), epochAsDate = FALSE)
flexible <- function(p) function(i) farringtonFlexible(one(i), list(range = tested, b = 4, w = 3, noPeriods = p, pastWeeksNotIncluded = 26,
  alpha = 0.01, thresholdMethod = "nbPlugin", verbose = FALSE, glmWarnings = FALSE))
report <- function(name, f) cat(name, seconds(f), "\\n")
report("flexible_1", flexible(1)); report("flexible_10", flexible(10))
report("farrington", function(i) farrington(one(i), list(range = tested, b = 4, w = 3, alpha = 0.01, verbose = FALSE)))
report("ears", function(i) earsC(one(i), list(method = "C1", range = tested)))
report("glr", function(i) glrnb(one(i), list(range = tested, c.ARL = 5, mu0 = NULL, alpha = NULL, dir = "inc", ret = "value")))
if (requireNamespace("EpiEstim", quietly = TRUE)) {{
  cases <- as.matrix(read.csv(file.path(folder, "cases.csv"), header = FALSE))
  report("epiestim", function(i) suppressWarnings(suppressMessages(EpiEstim::estimate_R(cases[i, ], method = "parametric_si",
    config = EpiEstim::make_config(list(mean_si = 2.6, std_si = 1.5))))))
}}
"""


def lines(series: int, r_series: int, places: int, pairs: int, strands: int) -> list[Line]:
    rng = np.random.default_rng(7)
    mean = 20 * np.exp(0.4 * np.cos(2 * np.pi * np.arange(WEEKS) / 52)) * rng.gamma(20, 1 / 20, (series, 1))
    counts = rng.negative_binomial(8, 8 / (8 + mean)).astype(float)
    cases = rng.poisson(30 * np.exp(0.5 * np.sin(np.arange(365) / 30)) * np.ones((series, 1))).astype(float)
    found = _detectors(counts, cases, r_series)
    return [*found, *_daily_round(strands), _scan(places), _safety(pairs), _early_warning()]


def _detectors(counts: np.ndarray, cases: np.ndarray, r_series: int, rounds: int = 3) -> list[Line]:
    """In turns with R, since the machine is not equally fast at all times; medians."""
    works, ours, theirs, said = _works(counts, cases), list[dict[str, float]](), list[dict[str, float]](), ""
    for work in works.values():
        work()  # compiles
    for _round in range(rounds):
        ours.append({name: _seconds(work, len(counts)) for name, work in works.items()})
        measured, said = _r_seconds(counts[: r_series + 20], cases[: r_series + 20], r_series)
        theirs.append(measured)
    r = {name: median([one[name] for one in theirs]) for name in theirs[0]}
    return [_beside(name, median([one[name] for one in ours]), len(counts), r, said) for name in BARS]


def _works(counts: np.ndarray, cases: np.ndarray) -> dict[str, Callable[[], object]]:
    from heedful.population.ears import Ears, ears
    from heedful.population.farrington import Farrington, farrington
    from heedful.population.farrington_flexible import FarringtonFlexible, farrington_flexible
    from heedful.population.glr import Glr, glr
    from heedful.population.in_control import InControl, in_control_mean
    from heedful.population.reproduction_number import reproduction_number, serial_interval
    from heedful.population.yearly_reference import Calendar

    calendar, rows = Calendar(52), slice(WEEKS - TESTED, WEEKS)

    def flexible(periods: int) -> Callable[[], object]:
        settings = FarringtonFlexible(years_back=4, periods=periods, alpha=0.01, threshold="nbPlugin")
        return lambda: farrington_flexible(counts, calendar, settings, rows)

    def chart() -> object:
        fitted = [in_control_mean(one[: rows.start], TESTED, InControl(52, 1, False), None) for one in counts]
        means, dispersions = np.stack([mean for mean, _ in fitted]), np.array([alpha for _, alpha in fitted])
        return glr(counts[:, rows], means, Glr(), dispersions)

    serial = serial_interval(2.6, 1.5, 365)
    return {
        "flexible 1": flexible(1), "flexible 10": flexible(10),
        "farrington": lambda: farrington(counts, calendar, Farrington(years_back=4, alpha=0.01), rows),
        "ears": lambda: ears(counts[:, rows.start - 7 :], Ears("C1")), "glr": chart,
        "epiestim": lambda: reproduction_number(cases, serial),
    }  # fmt: skip


def _seconds(work: Callable[[], object], series: int) -> float:
    """Processor seconds a series; short works are repeated."""
    begun, calls = time.process_time(), 0
    while calls == 0 or time.process_time() - begun < 0.5:
        work()
        calls += 1
    return (time.process_time() - begun) / calls / series


def _r_seconds(counts: np.ndarray, cases: np.ndarray, number: int) -> tuple[dict[str, float], str]:
    """R's processor seconds a series by line, of those it could run; and what to say where it could not."""
    if shutil.which("Rscript") is None:
        return {}, "R absent: beside the issue's figure"
    with tempfile.TemporaryDirectory() as scratch:
        np.savetxt(Path(scratch) / "counts.csv", counts, "%d", ",")
        np.savetxt(Path(scratch) / "cases.csv", cases, "%d", ",")
        program = Path(scratch) / "bench.R"
        program.write_text(R_PROGRAM.format(first=WEEKS - TESTED + 1, last=WEEKS))
        done = subprocess.run(["Rscript", str(program), scratch, str(number)], capture_output=True, text=True, check=False)
    found = {line.split()[0].replace("_", " "): float(line.split()[1]) for line in done.stdout.splitlines() if len(line.split()) == 2}
    why = "" if done.returncode == 0 else f" ({done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode})"
    return found, f"R without this package{why}: beside the issue's figure"


def _beside(name: str, ours: float, series: int, theirs: dict[str, float], said: str) -> Line:
    r = theirs.get(name, ISSUE_SECONDS[name])
    how = "R measured in turns with ours, medians of 3" if name in theirs else said
    return at_least(
        f"{WORDS[name]}, times R", r / ours, "×", BARS[name], "", f"ours {ours * 1e6:,.0f} µs a series, R {r * 1e3:,.1f} ms",
        f"{series} series of {'365 days' if name == 'epiestim' else f'{TESTED} tested weeks'}, processor seconds; {how}",
    )  # fmt: skip


def _daily_round(strands: int) -> list[Line]:
    whole, half = (fresh_process("population:this_week", number, one_core=True) for number in (strands, strands // 2))
    growth = (whole["peak_mb"] - whole["base_mb"]) / max(half["peak_mb"] - half["base_mb"], 1e-9)
    derived, less = (fresh_process("population:derived_day", number, one_core=True) for number in (strands, strands // 2))
    grown = (derived["peak_mb"] - derived["base_mb"]) / max(less["peak_mb"] - less["base_mb"], 1e-9)
    return [
        at_most(
            f"a day's alarms and alerts of {strands:,} series as derived", derived["seconds"], "s", 30, "",
            f"{derived['seconds'] / less['seconds']:.2f} × that of half as many series",
            f"count_alarms (C1-C3, nowcast, hierarchical q, sentences) and alerts (clusters) on {derived['rows']:,} rows of counts; "
            f"{derived['answers']:,} answers, {derived['alerts']} alerts; processor seconds, a process of its own",
        ),
        at_most("its memory", derived["peak_mb"], "MB", 2_000, "", f"{grown:.2f} × that of half as many series, above {derived['base_mb']:.0f} MB", ""),
        *_official_week(strands),
        at_most(
            f"this week's alarms over {strands:,} series, with q", whole["seconds"], "s", 30, "", "",
            f"flexible Farrington, 10 periods, 5 years back, then Benjamini-Hochberg; {whole['alarms']} alarms; processor seconds, a process of its own",
        ),
        at_most("its memory", whole["peak_mb"], "MB", 2_000, "", f"{growth:.2f} × that of half as many series, above {whole['base_mb']:.0f} MB", ""),
    ]  # fmt: skip


def _official_week(strands: int) -> list[Line]:
    whole, half = (_official_process(number) for number in (strands, strands // 2))
    growth = (whole["peak_mb"] - whole["base_mb"]) / max(half["peak_mb"] - half["base_mb"], 1e-9)
    return [
        at_most(
            f"a week's alarms of {strands:,} official series as derived", whole["seconds"], "s", 30, f"{whole['clock']:.1f} s",
            f"{whole['seconds'] / half['seconds']:.2f} × that of half as many series",
            f"series_alarms through the engine: {whole['rows']:,} rows of five years read from the lake in parts, one new week; sums of places, "
            f"flexible Farrington, EARS, hierarchical q, sentences, written; {whole['answers']:,.0f} answers, {whole['alarms']:.0f} alarms; "
            "processor seconds, a process of its own",
        ),
        at_most("its memory", whole["peak_mb"], "MB", 2_000, "", f"{growth:.2f} × that of half as many series, above {whole['base_mb']:.0f} MB", ""),
    ]  # fmt: skip


def _official_process(strands: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        fresh_process("population:official_lake", folder, strands)
        return fresh_process("population:official_week", folder, one_core=True)


OFFICIAL_WEEKS, YEAR_WEEKS = 266, 52
"""Five years and the half window before them; weeks drawn at once."""


def official_lake(folder: str, strands: str) -> dict[str, float]:
    """In a process of its own: a lake of official weekly counts, signals in 50 places of a country, each week issued nine days after it began."""
    from heedful.core.schemas import Series
    from heedful.store.lake import Lake

    rng, lake = np.random.default_rng(5), Lake(Path(folder))
    mean = rng.gamma(1, 8, int(strands))
    with lake.writer_lock():
        for first in range(0, OFFICIAL_WEEKS, YEAR_WEEKS):
            weeks = np.arange(first, min(first + YEAR_WEEKS, OFFICIAL_WEEKS))
            season = np.exp(0.5 * np.cos(2 * np.pi * weeks / 52.18))
            lake.append(Series, _official_rows(rng.poisson(mean[:, None] * season), first), first)
    return {}


def official_week(folder: str) -> dict[str, float]:
    """In a process of its own: a new week comes to that lake, one in a thousand of its counts raised."""
    from bench.measure import peak_mb
    from heedful.core.labels import Aggregate
    from heedful.core.schemas import Series
    from heedful.engine.local import Changed, Engine
    from heedful.population.alarms import series_alarms
    from heedful.population.thresholds import Thresholds
    from heedful.store.lake import Lake

    def update(lake: Lake, rows: pl.DataFrame, batch: int) -> pl.DataFrame:
        engine, changed = Engine(lake, [series_alarms], {"thresholds": Thresholds()}), Changed()
        changed.add((Series, Aggregate), lake.append(Series, rows, batch).changed)
        engine.update(changed, batch)
        return engine.stored()["series_alarms"]

    with tempfile.TemporaryDirectory() as scratch:  # compiles
        update(Lake(Path(scratch)), _official_rows(np.random.default_rng(2).poisson(9, (60, OFFICIAL_WEEKS)), 0), 0)
    lake, rng = Lake(Path(folder)), np.random.default_rng(6)
    rows = int(lake.scan("series", Series).select(pl.len()).collect().item())
    strands, base = rows // OFFICIAL_WEEKS, peak_mb()
    mean = np.random.default_rng(5).gamma(1, 8, strands)
    new = _official_rows(rng.poisson(mean * np.where(rng.random(strands) < 0.001, 6, 1.6))[:, None], OFFICIAL_WEEKS)
    with lake.writer_lock(), watch() as one:
        found = update(lake, new, OFFICIAL_WEEKS)
    alarms = float(found["alarm"].sum())
    return {"seconds": one.processor, "clock": one.clock, "rows": rows, "answers": len(found), "alarms": alarms, "base_mb": base}


def _official_rows(counts: np.ndarray, first: int) -> pl.DataFrame:
    """Rows of `Series` from counts [series, weeks], the first of them week `first`."""
    from heedful.core.schemas import Series

    series, weeks = counts.shape
    names = pl.DataFrame({"n": np.arange(series)}).select(
        pl.lit("office").alias("source"),
        pl.format("S{}", pl.col("n") // 50).alias("signal"),
        pl.format("US/P{}", pl.col("n") % 50).alias("place"),
    )
    days = pl.DataFrame({"day": [date(2020, 1, 6) + timedelta(weeks=first + n) for n in range(weeks)]})
    rows = names.join(days, how="cross").with_columns(
        pl.lit("all").alias("stratum"), pl.lit("{count}").alias("unit"), period_days=7, value=pl.Series(counts.ravel().astype(float)),
        known_at=pl.col("day").cast(pl.Datetime("us", "UTC")) + pl.duration(days=9), denominator=None, extra=None,
    )  # fmt: skip
    return rows.select(*Series.columns).cast(Series.dtypes())  # type: ignore[arg-type]


def this_week(strands: str) -> dict[str, float]:
    """In a process of its own: the newest week of many series."""
    from bench.measure import peak_mb
    from heedful.population.false_discovery import benjamini_hochberg
    from heedful.population.farrington_flexible import FarringtonFlexible, farrington_flexible
    from heedful.population.yearly_reference import Calendar

    rng, weeks = np.random.default_rng(3), 300
    settings = FarringtonFlexible(years_back=5, alpha=0.01, threshold="muan")
    calendar, last = Calendar(52), slice(weeks - 1, weeks)
    farrington_flexible(rng.poisson(5.0, (3, weeks)).astype(float), calendar, settings, last)
    base = peak_mb()
    counts = rng.poisson(rng.gamma(1, 8, (int(strands), 1)), (int(strands), weeks)).astype(float)
    with watch() as one:
        result = farrington_flexible(counts, calendar, settings, last)
        q = benjamini_hochberg(result.p_value)
    return {"seconds": one.processor, "alarms": int((result.alarm & (q <= 0.05)).sum()), "base_mb": base}


def derived_day(strands: str) -> dict[str, float]:
    """In a process of its own: the newest day of many series of people, through the derivations themselves, with all they look back at."""
    from bench.measure import peak_mb
    from heedful.core.labels import Aggregate
    from heedful.core.schemas import Counts
    from heedful.core.seals import seal
    from heedful.population.alarms import Detection, count_alarms
    from heedful.population.alert_clusters import alerts
    from heedful.population.thresholds import Thresholds

    def asked(number: int) -> dict[str, float]:
        counts = _drawn_counts(number, count_alarms.lookback + 1)
        with watch() as one:
            newest = counts.select(pl.col("day").max())
            found = count_alarms(seal(counts, Aggregate, Counts), detection=Detection(), thresholds=Thresholds(), keys=newest)
            grouped = alerts(found, thresholds=Thresholds())
        return {"seconds": one.processor, "rows": counts.height, "answers": len(found), "alerts": len(grouped)}

    asked(100)
    base = peak_mb()
    return asked(int(strands)) | {"base_mb": base}


def _drawn_counts(series: int, days: int, places: int = 50) -> pl.DataFrame:
    """Rows of `Counts`: signals in places, one in a thousand of the newest counts raised, counts under 5 not rows, and the signal 'any'."""
    from heedful.core.schemas import Counts
    from heedful.population.people_mentions import ANY

    rng, signals = np.random.default_rng(3), max(series // places, 1)
    mean = rng.gamma(1, 8, (signals, places)).astype(np.float32)
    found = []
    for day in range(days):
        raised = np.where(rng.random(mean.shape) < 0.001 * (day == days - 1), 5, 1)
        people = rng.poisson(mean * raised)
        signal, place = np.nonzero(people >= 5)
        found.append(pl.DataFrame({"signal": signal, "place": place, "people": people[signal, place]}).with_columns(day=pl.lit(day)))
        found.append(
            pl.DataFrame({"signal": np.full(places, -1), "place": np.arange(places), "people": np.full(places, 5_000)}).with_columns(
                day=pl.lit(day)
            )
        )
    names = pl.DataFrame({"signal": np.arange(-1, signals)}).with_columns(
        name=pl.when(pl.col("signal") < 0).then(pl.lit(ANY)).otherwise(pl.format("S{}", "signal"))
    )
    rows = pl.concat(found).join(names, on="signal").with_columns(
        pl.col("name").alias("signal"), pl.format("US/P{}", "place").alias("place"), pl.lit("all").alias("stratum"),
        day=pl.date(2026, 1, 1) + pl.duration(days="day"), posts=pl.col("people"), denominator=pl.lit(5_000), suppressed=pl.lit(""),
    )  # fmt: skip
    known = pl.col("day").cast(pl.Datetime("us", "UTC")) + pl.duration(hours=23)
    return rows.with_columns(known_at=known).select(*Counts.columns).cast(Counts.dtypes())


def _scan(places: int) -> Line:
    from heedful.population.scan import nearest_neighbor_zones, scan

    rng = np.random.default_rng(1)
    zones = nearest_neighbor_zones(rng.uniform(0, 5, places), rng.uniform(45, 50, places), 50)
    expected = np.full((28, places), 2.0)
    counts = rng.poisson(expected).astype(float)
    scan(counts, expected, zones, "expectation", 2, 1)
    with watch() as one:
        scan(counts, expected, zones, "expectation", 999, 1)
    return at_most(
        f"scan of {places} places × 28 days × 999 replicas", one.processor, "s", 10, f"{one.clock:.1f} s", "",
        f"expectation-based Poisson, {len(zones):,} zones of up to 50 neighbors, processor seconds",
    )  # fmt: skip


def _safety(pairs: int) -> Line:
    from heedful.population.safety.ebgm import fit_prior, scores

    rng = np.random.default_rng(2)
    expected = rng.gamma(0.5, 4, 4 * pairs) + 0.01
    drawn = rng.poisson(expected * rng.gamma(2, 0.5, 4 * pairs))
    told = np.flatnonzero(drawn)[:pairs]
    seen, expected = drawn[told], expected[told]
    fit_prior(seen[:2_000], expected[:2_000])
    with watch() as one:
        scores(fit_prior(seen, expected).prior, seen, expected)
    return at_most(f"EBGM and EB05 of {pairs:,} pairs", one.processor, "s", 10, f"{one.clock:.1f} s", "", "prior fitted, processor seconds")


def _early_warning() -> Line:
    """ARGO's own inputs where they are beside the checkout (HEEDFUL_SHARED), else drawn ones of the same shape."""
    from heedful.population.early_warning import early_warning

    share, phrases, said = _argo_inputs()
    early_warning(share[:130], phrases[:130])
    with watch() as one:
        early_warning(share, phrases)
    return at_most(
        f"ARGO's full run, {len(share)} weeks × {phrases.shape[1]} phrases", one.processor, "s", 54 / 20, f"{one.clock:.1f} s",
        f"R's argo 3.0.3: 54 s (the issue's), {54 / one.processor:.0f} ×", f"{said}, processor seconds",
    )  # fmt: skip


def _argo_inputs() -> tuple[np.ndarray, np.ndarray, str]:
    folder = Path(os.environ.get("HEEDFUL_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data" / "surveillance"
    if (folder / "argo_search_gc10.csv.gz").exists():
        official = pl.read_csv(folder / "argo_cdc_gft.csv.gz")
        both = official.join(pl.read_csv(folder / "argo_search_gc10.csv.gz"), on="week_ending", how="inner").sort("week_ending")
        share = both["cdc_weighted_ili_percent"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return share, both.select(pl.exclude(*official.columns)).cast(pl.Float64).fill_null(float("nan")).to_numpy(), "ARGO's own inputs"
    rng = np.random.default_rng(4)
    share = np.maximum(2 + 1.2 * np.cos(2 * np.pi * np.arange(584) / 52) + 0.02 * rng.normal(size=584).cumsum(), 0.2)
    phrases = np.maximum(share[:, None] * rng.uniform(2, 20, 100) + rng.normal(size=(584, 100)) * 5, 0)
    return share, phrases, "drawn inputs of ARGO's shape"
