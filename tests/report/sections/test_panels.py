from __future__ import annotations

import datetime as dt

import polars as pl
from tests.report.content import content

from heedful.report.sections.panels import MOST_TALK, official_panels, talk_panels


def test_series_with_the_most_alarms_come_first() -> None:
    whole = content()
    panels = talk_panels(whole)
    assert len(panels) == MOST_TALK
    assert (panels[0].signal, panels[0].place) == ("HP:0012735", "US/NY")
    days = [panel.alarms["day"].n_unique() for panel in panels]
    assert days == sorted(days, reverse=True)


def test_the_newest_version_of_a_count_is_drawn_once() -> None:
    whole = content()
    later = whole.counts.with_columns(pl.col("known_at") + pl.duration(days=9), pl.col("people") + 1000)
    panel = talk_panels(content(counts=pl.concat([later, whole.counts])))[0]
    assert panel.points["day"].is_unique().all()
    assert panel.points["value"].drop_nulls().min() >= 1000  # type: ignore[operator]


def test_withheld_is_null_never_zero() -> None:
    points = pl.concat([panel.points for panel in talk_panels(content())])
    withheld = points.filter("withheld")
    assert withheld.height > 0
    assert withheld["value"].null_count() == withheld.height


def test_official_series_stand_apart_with_their_issuer() -> None:
    panels = official_panels(content())
    assert [(panel.source, panel.place, panel.period_days) for panel in panels] == [("ILINet", "US", 7), ("ILINet", "US/NY", 7)]
    assert panels[0].points["day"].max() == dt.date(2026, 3, 8)


def test_too_short_a_series_is_not_drawn() -> None:
    whole = content()
    assert talk_panels(content(counts=whole.counts.filter(pl.col("day") < dt.date(2026, 1, 14)))) == []
