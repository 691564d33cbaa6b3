from __future__ import annotations

import datetime as dt
import re

import altair as alt
import polars as pl

from heedful.report.drawing import rows, svg
from heedful.report.theme import HATCHED, paint


def _chart(tip: str = "1 < 2") -> alt.LayerChart:
    data = pl.DataFrame(
        {"day": [dt.date(2026, 3, 28), dt.date(2026, 3, 29), dt.date(2026, 3, 30)], "n": [1.0, float("nan"), 3.0], "tip": [tip] * 3}
    )
    x = alt.X("day:T", scale=alt.Scale(type="utc"))
    base = alt.Chart(rows(data))
    return alt.layer(
        base.mark_point(filled=True, clip=True, color=paint("blue")).encode(x, alt.Y("n:Q"), alt.Description("tip:N")),
        base.mark_bar(color=HATCHED).encode(x, alt.Y("n:Q")),
    ).properties(width=200, height=80)


def test_an_svg_holds_no_colour_of_its_own() -> None:
    made = svg(_chart(), "Three days, rising", "one")
    assert "var(--blue)" in made
    assert "url(#hatch)" in made
    assert "#fe0" not in made
    assert re.findall(r'(?:fill|stroke)="(?!none|transparent|var\(|url\(#hatch\))[^"]+"', made) == []


def test_it_says_its_finding_and_keeps_tooltips_as_titles() -> None:
    made = svg(_chart(), 'Three "days"', "one")
    assert made.startswith("<svg")
    assert 'role="img"' in made
    assert 'aria-label="Three &quot;days&quot;"' in made
    assert made.count("<title>1 &lt; 2</title>") >= 2
    assert "aria-roledescription" not in made
    assert "role-" not in made


def test_ids_of_two_charts_never_meet() -> None:
    one, two = svg(_chart(), "a", "one"), svg(_chart(), "a", "two")
    ids = [set(re.findall(r' id="([^"]+)"', each)) for each in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert set(re.findall(r"url\(#(one-\d+)\)", one)) == ids[0]


def test_days_stay_days_in_any_zone_and_missing_is_null() -> None:
    data = rows(pl.DataFrame({"day": [dt.date(2026, 3, 29)], "n": [float("nan")]})).to_dict()
    assert data["values"] == '[{"day":1774742400000,"n":null}]'
