"""A back-test as one picture: what each detector finds, how soon, against how often it cries wolf."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import altair as alt

from heedful.core.errors import SettingsError
from heedful.population.backtest import Score

WIDTH, HEIGHT = 560, 340
MOST_SHOWN_RATE = 26.0
"""False alerts a year beyond which a detector is drawn at the edge: every other week."""
LEAST_SHOWN_RATE = 0.02


def backtest_chart(scores: Sequence[Score], recommended: int | None, title: str) -> alt.TopLevelMixin:
    """A point for each detector and setting, those of one detector joined: false alerts a year (log scale) against the share of outbreaks
    found, with its interval; larger points are timelier. The recommended one is ringed and named."""
    rows = [
        {
            "detector": one.detector, "found": one.detection.value, "low": one.detection.low, "high": one.detection.high,
            "rate": min(max(one.false_alerts.value, LEAST_SHOWN_RATE), MOST_SHOWN_RATE), "timeliness": one.timeliness.value,
            "recommended": place == recommended,
        }
        for place, one in enumerate(scores) if one.outbreaks and one.detection.value == one.detection.value
    ]  # fmt: skip
    names = sorted({str(row["detector"]) for row in rows})
    base = alt.Chart(alt.InlineData(values=rows), width=WIDTH, height=HEIGHT, title=title)
    x = alt.X(
        "rate:Q", title="false alerts a year and series", scale=alt.Scale(type="log", domain=[LEAST_SHOWN_RATE, MOST_SHOWN_RATE]),
        axis=alt.Axis(values=[0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 26]),
    )  # fmt: skip
    y = alt.Y("found:Q", title="outbreaks found", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
    legend = alt.Legend(orient="right", symbolLimit=40)
    shape = alt.Shape("detector:N", title=None, sort=names, legend=legend, scale=alt.Scale(domain=names))
    color = alt.Color("detector:N", title=None, sort=names, legend=legend, scale=alt.Scale(domain=names, scheme="tableau10"))
    size = alt.Size("timeliness:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[20, 160]))
    line = base.mark_line(strokeWidth=1, opacity=0.6).encode(x, y, color)
    reach = base.mark_rule(opacity=0.5).encode(x, alt.Y("low:Q"), alt.Y2("high"), color)
    point = base.mark_point(filled=True, opacity=0.9).encode(x, y, color, shape, size)
    chosen = base.transform_filter("datum.recommended")
    ring = chosen.mark_point(shape="circle", size=320, filled=False, color="black", strokeWidth=1.5).encode(x, y)
    name = chosen.mark_text(align="right", dx=-12, dy=-10, fontWeight="bold").encode(x, y, alt.Text("detector:N"))
    return alt.layer(line, reach, point, ring, name)


def write_picture(chart: alt.TopLevelMixin, path: Path) -> None:
    """The chart as an SVG or PNG file, by the file's ending.

    Errors: `SettingsError` for another ending.
    """
    import vl_convert

    spec = chart.to_dict(validate=False)
    if path.suffix == ".svg":
        path.write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")
    elif path.suffix == ".png":
        path.write_bytes(vl_convert.vegalite_to_png(spec, scale=2))
    else:
        raise SettingsError(f"A picture is drawn as .svg or .png, not as {path.name}.")
