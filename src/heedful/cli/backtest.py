"""`heedful backtest`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from heedful.cli.console import aside, emit, open_site, say, table
from heedful.core.errors import SettingsError
from heedful.loops.backtest import Judged, backtest_simulated, backtest_site
from heedful.population.backtest import Interval, Plan, score
from heedful.population.noufaily_scenarios import SCENARIOS
from heedful.population.outbreak_injection import Outbreaks


def backtest(
    config: Path, simulate: bool, replicas: int, sizes: tuple[float, float], dates: int | None, false_alerts: float, signal: str,
    place: str, seed: int, picture: Path | None, json: bool,
) -> None:  # fmt: skip
    """A table a kind of history, one sentence of advice, and a picture a kind if asked for."""
    if picture is not None and picture.suffix not in (".svg", ".png"):
        raise SettingsError(f"A picture is drawn as .svg or .png, not as {picture.name}.")
    plan = Plan(dates, replicas, Outbreaks(*sizes), false_alerts)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=aside, transient=True,
        disable=json or not aside.is_terminal,
    )  # fmt: skip
    with bar:
        task = bar.add_task("back-test", total=None)

        def progress(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        if simulate:
            judged = [backtest_simulated(plan, seed, progress)]
        else:
            with open_site(config) as site:
                judged = backtest_site(site, plan, seed, signal, place, progress)
    if picture is not None:
        _draw(judged, picture)
    if json:
        emit({"seed": seed, "histories": [_document(one, simulate) for one in judged]})
        return
    for one in judged:
        _print(one)


def _draw(judged: list[Judged], picture: Path) -> None:
    """The first kind of history into `picture`, further ones beside it, numbered."""
    from heedful.report.charts.backtest import backtest_chart, write_picture

    for number, one in enumerate(judged):
        path = picture if number == 0 else picture.with_stem(f"{picture.stem}-{number + 1}")
        write_picture(backtest_chart(one.result.scores, one.result.recommended, one.title), path)
        aside.print(f"{one.title} drawn into {path}")


def _document(one: Judged, simulated: bool) -> dict[str, Any]:
    document = {
        "title": one.title, "series": one.series, "first": one.first, "last": one.last, "tested_dates": one.tested_dates,
        "replayed": one.replayed, "left_out": one.left_out, "plan": asdict(one.plan),
        "scores": [asdict(each) for each in one.result.scores], "recommended": one.result.recommended, "said": one.result.said,
    }  # fmt: skip
    if simulated:
        document["scenarios"] = _by_scenario(one)
    return document


def _by_scenario(one: Judged) -> list[dict[str, Any]]:
    """The same figures of each scenario alone."""
    each = one.series // len(SCENARIOS)
    rows = []
    for place, scenario in enumerate(SCENARIOS):
        mine = (one.result.tallies[0].series // each) == place
        scores = [score(tally, one.plan, one.frequency, mine) for tally in one.result.tallies]
        rows.append(asdict(scenario) | {"scores": [asdict(found) for found in scores]})
    return rows


def _print(one: Judged) -> None:
    rows = [
        [
            f"{'* ' if place == one.result.recommended else ''}{found.detector} ({found.settings})", _interval(found.detection),
            f"{found.timeliness.value:.2f}", _delay(found.delay), _interval(found.false_alerts), f"{found.alarm_share:.1%}",
            f"{found.coverage:.0%}",
        ]
        for place, found in enumerate(one.result.scores)
    ]  # fmt: skip
    columns = ["detector", "found", "timeliness", "delay", "false alerts a year", "in alarm", "tested"]
    table(f"{one.title}: {one.series} series, {one.first} to {one.last}", columns, rows)
    say(f"The last {one.tested_dates} dates were tested, the history replayed {one.replayed}. Brackets: 95 % intervals. *: recommended.")
    for sentence in one.left_out:
        say(sentence)
    if one.result.no_case:
        say(f"{one.result.no_case} series have no case in the tested dates to size an outbreak by.")
    say(one.result.said)


def _delay(found: Interval) -> str:
    """Nothing where no outbreak was found."""
    return "" if np.isnan(found.value) else f"{found.value:.1f}"


def _interval(found: Interval) -> str:
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
