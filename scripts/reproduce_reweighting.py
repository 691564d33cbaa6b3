"""The finding about `farringtonFlexible(reweight = TRUE)`, made anew from simulated counts: page, picture and notebook docs/finding-reweighting.*

    python scripts/reproduce_reweighting.py [--series N] [--folder docs]

Weekly counts without trend or season, Poisson or negative binomial with twice the mean as variance; the last of 324 weeks is tested. A trend that is not there
should be kept in about 5 % of series, which is the level of its test. Nothing of the reference data is read: a reader can run it again with another seed.

Page and notebook come of one list of parts (`parts`): texts, and the sections of this file that begin with `# %% name`, which are run as the notebook's cells.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

# %% settings
import numpy as np
import polars as pl

from heedful.population.backtest import wilson
from heedful.population.farrington_flexible import FarringtonFlexible, farrington_flexible
from heedful.population.yearly_reference import Calendar

WEEKS, MEANS, PERIODS, SEED = 324, (3, 30, 300), (1, 10), 20260711
WAYS = {
    "as in R": FarringtonFlexible(mode="surveillance", threshold="nbPlugin"),
    "working weights kept": FarringtonFlexible(mode="corrected", threshold="nbPlugin"),
    "no reweighting": FarringtonFlexible(mode="surveillance", threshold="nbPlugin", reweight=False),
}


# %% mechanism
def dispersions(counts: np.ndarray) -> tuple[float, float, float]:
    """Of a Poisson model with a trend: the dispersion by working weights and by weights of 1, and the trend's error for a dispersion of 1."""
    design = np.column_stack([np.ones(len(counts)), np.arange(len(counts))])
    fitted = counts + 0.1
    for _ in range(25):
        working = np.log(fitted) + (counts - fitted) / fitted
        fitted = np.exp(design @ np.linalg.solve(design.T * fitted @ design, design.T * fitted @ working))
    squares, free = ((counts - fitted) / fitted) ** 2, len(counts) - 2
    error = np.sqrt(np.linalg.inv(design.T * fitted @ design)[1, 1])
    return float((fitted * squares).sum() / free), float(squares.sum() / free), float(error)


# %% simulation
def trendless(rng: np.random.Generator, dispersion: float, mean: float, series: int) -> np.ndarray:
    """Counts [series, weeks] of one mean."""
    if dispersion == 1:
        return rng.poisson(mean, (series, WEEKS)).astype(float)
    return rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion, (series, WEEKS)).astype(float)


def trends_kept(series: int, seed: int = SEED) -> pl.DataFrame:
    """counts, mean, periods, way, and how many of `series` kept a trend."""
    rng = np.random.default_rng(seed)
    found = []
    for dispersion, word in ((1.0, "Poisson"), (2.0, "negative binomial, variance 2 × mean")):
        for mean in MEANS:
            counts = trendless(rng, dispersion, mean, series)
            for periods in PERIODS:
                for way, settings in WAYS.items():
                    asked = FarringtonFlexible(
                        periods=periods, mode=settings.mode, threshold=settings.threshold, reweight=settings.reweight
                    )
                    result = farrington_flexible(counts, Calendar(52), asked, slice(WEEKS - 1, WEEKS))
                    kept = int(result.trend_kept.sum())
                    one = wilson(kept, series, 0.95)
                    found.append((word, mean, periods, way, kept / series, one.low, one.high))
    return pl.DataFrame(found, schema=["counts", "mean", "periods", "way", "kept", "low", "high"], orient="row")


def table(found: pl.DataFrame) -> str:
    """Share kept in %, with its interval, as a Markdown table."""
    rows = [
        '| counts | mean | periods | as in R, `reweight = TRUE` | working weights kept (`mode="corrected"`) | `reweight = FALSE` |',
        "|---|---|---|---|---|---|",
    ]
    for (word, mean, periods), part in found.group_by("counts", "mean", "periods", maintain_order=True):
        cells = [f"{one['kept']:.0%} [{one['low']:.0%}, {one['high']:.0%}]".replace("%", "") for one in part.iter_rows(named=True)]
        rows.append(f"| {word} | {mean} | {periods} | {' | '.join(cells)} |")
    return "\n".join(rows)


# %% picture
class Picture(str):
    """SVG that a notebook shows."""

    def _repr_svg_(self) -> str:
        return str(self)


def picture(found: pl.DataFrame) -> Picture:
    """Share kept by mean, a line a way, at 10 periods."""
    import altair as alt
    import vl_convert

    shown = found.filter(pl.col("periods") == 10).with_columns(pl.col("mean").cast(pl.String))
    scale = alt.Scale(domain=[0, 1])
    palette = alt.Scale(domain=list(WAYS), range=["#c0392b", "#1f6fb2", "#8a8f98"])
    panels = []
    for word, part in shown.group_by("counts", maintain_order=True):
        base = alt.Chart(alt.InlineData(values=part.to_dicts()), width=280, height=220, title=str(word[0])).encode(
            alt.X("mean:O", title="mean count a week", sort=["3", "30", "300"], axis=alt.Axis(labelAngle=0)),
            alt.Color("way:N", title=None, scale=palette, legend=alt.Legend(orient="top")),
        )
        y = alt.Y("kept:Q", title="series that keep a trend", axis=alt.Axis(format="%"), scale=scale)
        nominal = alt.Chart(alt.InlineData(values=[{"nominal": 0.05}])).mark_rule(strokeDash=[4, 4], color="#555").encode(y="nominal:Q")
        reach = base.mark_rule().encode(y=alt.Y("low:Q", scale=scale), y2="high:Q")
        panels.append(
            alt.layer(base.mark_line(strokeWidth=2).encode(y=y), base.mark_point(filled=True, size=45).encode(y=y), reach, nominal)
        )
    chart = alt.hconcat(*panels, title="Trends kept where there is none (dashed: the test's level, 5 %)")
    return Picture(vl_convert.vegalite_to_svg(chart.to_dict(validate=False)))


# %% end of the cells
ABOUT = """# Finding: reweighting in `farringtonFlexible` keeps trends that are not there

Made by `python scripts/reproduce_reweighting.py` ({series} series a row, seed {seed}), which writes a page, a picture and a notebook,
[finding-reweighting.ipynb](finding-reweighting.ipynb): open that with `heedful` installed and run it again, with another seed if you like. It needs no data. A test runs its cells.

R `surveillance` 1.20.3 fits flexible Farrington's quasi-Poisson model, down-weights weeks with large residuals, fits again, and then sets `model$weights <- omega` in
`algo.farrington.fitGLM.flexible`. For a fitted log-linear `glm`, `model$weights` are the *working* weights, omega times the fitted mean. `summary.glm` and `predict.glm(se.fit = TRUE)` take the
dispersion from the sum of working weights times squared working residuals; with omega alone it comes out smaller by about the mean. So the standard error of the trend is too small by about
the root of the mean, its test nearly always "significant", and the prediction's own error too small. (The dispersion inside the threshold is taken before, and right.)
"""
CHECK = """## The dispersion that the test sees

250 Poisson counts of mean 300, no week down-weighted (omega is 1 everywhere):
"""
SHARES = """## Trends kept where there is none

Share of series without any trend in which one is kept, in % with 95 % intervals; nominal 5 %:
"""
ALARMS = """## What it does to alarms

A trend kept by chance is carried half a year beyond the newest week of the fit (`pastWeeksNotIncluded` 26): bounds of quiet series rise or fall with it. With `pThresholdTrend = 1`, as the
vignette and the EU signal-detection tool have it, the test plays no part, but "delta" and "muan" thresholds still get too small a prediction error.
"""
DRAFT = """## Draft of a report upstream

> **farringtonFlexible: reweight = TRUE overwrites the working weights, so the trend is kept in most trendless series**
>
> `algo.farrington.fitGLM.flexible` ends its reweighting with `model$weights <- omega`. `summary(model)$dispersion` and `predict(model, se.fit = TRUE)` use `model$weights` as working weights
> (omega times fitted mean for the log link), so that the dispersion they see is about phi / mu. With surveillance 1.20.3:
>
> ```r
> library(surveillance); set.seed(1)
> kept <- replicate(100, {
>   s <- sts(rpois(324, 30), frequency = 52, start = c(2001, 1))
>   farringtonFlexible(s, list(range = 324, b = 5, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, trend = TRUE,
>     pThresholdTrend = 0.05, thresholdMethod = "nbPlugin", reweight = TRUE))@control$trend })
> mean(kept)   # about 0.7 where 0.05 is expected; with reweight = FALSE about 0.04
> ```
>
> Leaving `model$weights` alone brings the share to 3-7 %. Farrington 1996 (`algo.farrington.fitGLM.fast`) does not do this. A misplaced bracket also puts `dispersion` inside `newdata` of
> `predict.glm`, so that phi is not passed on. Since results of existing systems depend on it, an argument with the present behavior as its default may be the gentlest way.
"""
MECHANISM = """right, wrong, error = dispersions(np.random.default_rng(SEED).poisson(300, 250).astype(float))
print(f"- By working weights (omega times mean): {right:.3f}; the trend's standard error {error * right**0.5:.3g}.")
print(f"- By omega, as `model$weights <- omega` leaves it: {wrong:.5f}, {right / wrong:.0f} times smaller; standard error {error * wrong**0.5:.3g}.")"""
ALTERNATIVE = "Share of trendless series in which a trend is kept, by mean count"


@dataclass(frozen=True)
class Part:
    """A text in Markdown, or the code of a cell; what it printed, and the picture it ended in."""

    kind: str
    source: str
    printed: str = ""
    drawn: str = ""


def section(name: str) -> str:
    """Of this file, from the line `# %% name` to the next such line."""
    _, _, after = Path(__file__).read_text("utf-8").partition(f"\n# %% {name}\n")
    return after.partition("\n# %% ")[0].strip()


def parts(series: int) -> list[Part]:
    """All of the finding, in order, not yet run."""
    return [
        Part("markdown", ABOUT.format(series=series, seed=SEED)),
        Part("code", section("settings")),
        Part("markdown", CHECK),
        Part("code", f"{section('mechanism')}\n\n\n{MECHANISM}"),
        Part("markdown", SHARES),
        Part("code", section("simulation")),
        Part("code", f"found = trends_kept({series})\nprint(table(found))"),
        Part("code", f"{section('picture')}\n\n\npicture(found)"),
        Part("markdown", ALARMS),
        Part("markdown", DRAFT),
    ]


def run(asked: Sequence[Part]) -> list[Part]:
    """The parts with what their cells gave, run in order as a notebook does."""
    names: dict[str, Any] = {"__name__": "__main__"}
    return [_run(part, names) if part.kind == "code" else part for part in asked]


def _run(part: Part, names: dict[str, Any]) -> Part:
    tree = ast.parse(part.source)
    end = tree.body[-1]
    last = ast.Expression(end.value) if isinstance(end, ast.Expr) else None
    tree.body = tree.body if last is None else tree.body[:-1]
    with redirect_stdout(StringIO()) as printed:
        exec(compile(tree, "<cell>", "exec"), names)
        value = eval(compile(last, "<cell>", "eval"), names) if last is not None else None
    return Part(part.kind, part.source, printed.getvalue(), getattr(value, "_repr_svg_", str)())


def page(done: Sequence[Part]) -> str:
    """Texts, and of the cells what they gave."""
    shown = [
        part.source if part.kind == "markdown" else f"![{ALTERNATIVE}](finding-reweighting.svg)" if part.drawn else part.printed
        for part in done
    ]
    return "\n\n".join(one.strip() for one in shown if one) + "\n"


def notebook(done: Sequence[Part]) -> str:
    """nbformat 4.5."""
    cells: list[dict[str, Any]] = []
    for number, part in enumerate(done, 1):
        cell: dict[str, Any] = {
            "cell_type": part.kind,
            "id": f"part-{number}",
            "metadata": {},
            "source": part.source.strip().splitlines(keepends=True),
        }
        if part.kind == "code":
            count = sum(one["cell_type"] == "code" for one in cells) + 1
            cell |= {"execution_count": count, "outputs": _outputs(part, count)}
        cells.append(cell)
    about = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}
    return json.dumps({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}, indent=1, ensure_ascii=False) + "\n"


def _outputs(part: Part, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if part.printed:
        found.append({"name": "stdout", "output_type": "stream", "text": part.printed.splitlines(keepends=True)})
    if part.drawn:
        data = {"image/svg+xml": part.drawn.splitlines(keepends=True), "text/plain": ["(picture)"]}
        found.append({"data": data, "execution_count": count, "metadata": {}, "output_type": "execute_result"})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Share of trendless series in which a trend is kept, as in R and corrected.")
    parser.add_argument("--series", type=int, default=300)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parents[1] / "docs")
    given = parser.parse_args()
    done = run(parts(given.series))
    (given.folder / "finding-reweighting.md").write_text(page(done), encoding="utf-8")
    (given.folder / "finding-reweighting.svg").write_text(next(part.drawn for part in done if part.drawn), encoding="utf-8")
    (given.folder / "finding-reweighting.ipynb").write_text(notebook(done), encoding="utf-8")
    print("".join(part.printed for part in done))


if __name__ == "__main__":
    main()
