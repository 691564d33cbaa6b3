"""`heedful alerts`: the list of open alerts, what stands behind one, and what people make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

alerts_app = typer.Typer(help="Alerts: look at them, verify or dismiss them, and learn from the verdicts.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Config = Annotated[Path, typer.Option("--config", "-c", help="Settings file.", envvar="HEEDFUL_CONFIG")]
CONFIG = Path("heedful.toml")
Alert = Annotated[str, typer.Argument(help="The alert's id (alert:1a2b…), or the beginning of it.")]
By = Annotated[str, typer.Option("--by", help="Your name: every act is signed.", envvar="HEEDFUL_ANALYST")]
Note = Annotated[str | None, typer.Option("--note", help="In your words.")]


@alerts_app.command("list")
def listed(
    everything: Annotated[bool, typer.Option("--all", help="Those that were dismissed, merged or closed as well.")] = False,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """List open and verified alerts, and how many a year chance alone would raise."""
    import orjson
    import polars as pl

    from heedful.cli.console import emit, open_site, say, table
    from heedful.core.labels import Aggregate
    from heedful.core.schemas import Alarms, Alerts
    from heedful.population.thresholds import site_chance
    from heedful.store.alert_work import AlertLog

    with open_site(config) as site:
        rows = AlertLog(site.ledger).alerts()
        held = site.engine.table(Alerts, Aggregate).data.filter("held_back").height
        chance = site_chance(site.engine.table(Alarms, Aggregate).data, site.settings.detection.q_limit)
        labels = dict(site.engine.resources["vocabulary"].terms.select("code", "label").unique("code").iter_rows())
    shown = rows if everything else rows.filter(pl.col("state").is_in(["open", "verified"]))
    details = [orjson.loads(text) if text else {} for text in shown["detail"]]
    if json:
        found = [row | {"detail": detail} for row, detail in zip(shown.to_dicts(), details, strict=True)]
        emit({"alerts": found, "held_back": held, "expected_by_chance_a_year": chance})
        return
    table(
        "Alerts",
        ["id", "state", "signal", "place", "from", "to", "observed", "expected", "q"],
        [
            (
                row["alert"], row["state"], labels.get(row["signal"], row["signal"]), row["place"], row["day"], row["last_day"],
                f"{detail['observed']:g}", f"{detail['expected']:.3g}", f"{detail['q']:.2g}",
            )
            for row, detail in zip(shown.iter_rows(named=True), details, strict=True)
        ],
    )  # fmt: skip
    say(f"{shown.height} alerts, {rows.height - shown.height} more with --all." if shown.height else "No alert is open.")
    if held:
        say(f"{held} alerts were held back, since the settings let {site.settings.detection.alerts_a_day} a day through.")
    say(f"By chance alone about {chance:.0f} alerts a year are expected at this site's level. Look at one with: heedful alerts show ID")


@alerts_app.command("show")
def show(
    alert: Alert,
    examples: Annotated[
        bool, typer.Option("--examples", help="A few de-identified pieces of text; needs --by and --why; audited.")
    ] = False,
    by: By = "",
    why: Annotated[str, typer.Option("--why", help="What the examples are for.")] = "",
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Show an alert: its alarms, its curve, the counts behind it, and what was done with it."""
    import orjson

    from heedful.cli.console import emit, open_site, say, table
    from heedful.loops.alerts import alert_of, drill_down, stands
    from heedful.loops.alerts import examples as pieces
    from heedful.store.alert_work import AlertLog

    with open_site(config) as site:
        found = alert_of(site, alert)
        behind, acts, still = drill_down(site, found), AlertLog(site.ledger).acts(found["alert"]), stands(site, found)
        texts = pieces(site, found, by, why) if examples else []
        site.ledger.audit(site.clock.now(), "alert show", {"alert": found["alert"]})
    detail = orjson.loads(found["detail"])
    if json:
        emit({
            "alert": found | {"detail": detail}, "stands": still, "acts": acts.to_dicts(), "examples": texts,
            **{name: rows.to_dicts() for name, rows in behind.items()},
        })  # fmt: skip
        return
    say(f"{found['alert']} is {found['state']}: {detail['why']}")
    if not still:
        say("As the counts are known now, no alarm stands any more: they were revised, or rows were withdrawn.")
    table("Alarms", ["day", "detector", "place", "observed", "expected", "bound", "p", "q", "complete"],
          [(r["day"], r["detector"], r["place"], *(_short(r[n]) for n in ("observed", "expected", "bound", "p", "q", "completeness")))
           for r in behind["alarms"].iter_rows(named=True)])  # fmt: skip
    for name in ("counts", "series"):
        rows = behind[name]
        keep = [
            c
            for c in ("source", "place", "stratum", "day", "people", "posts", "value", "denominator", "suppressed", "known_at")
            if c in rows.columns
        ]
        table(name.capitalize(), keep, rows.select(keep).tail(40).rows())
    table(
        "The curve of the least likely series",
        behind["curve"].columns,
        [tuple(map(_short, row)) for row in behind["curve"].tail(30).rows()],
    )
    table("What was done", ["at", "act", "by", "reason", "note"], acts.select("at", "act", "by", "reason", "note").rows())
    for text in texts:
        say(f"  “{text}”")
    say("Rows behind one alarm: heedful explain alarm DETECTOR SIGNAL PLACE STRATUM DAY")


def _short(value: Any) -> str:
    return "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def _act(config: Path, alert: str, act: Any, by: str, json: bool, **given: Any) -> None:
    from heedful.cli.console import emit, open_site, say
    from heedful.loops.alert_channels import write_feed
    from heedful.store.alert_work import AlertLog

    with open_site(config) as site:
        found = AlertLog(site.ledger).act(alert, act, site.clock.now(), by, **given)
        if site.settings.alerts.feed:
            write_feed(site, site.clock.now())
    emit(found) if json else say(f"{found['alert']} is {found['state']}{' into ' + found['into'] if found['state'] == 'merged' else ''}.")


@alerts_app.command("verify")
def verify(alert: Alert, by: By, note: Note = None, config: Config = CONFIG, json: Json = False) -> None:
    """Say that something is behind an alert."""
    _act(config, alert, "verify", by, json, note=note)


@alerts_app.command("dismiss")
def dismiss(
    alert: Alert,
    by: By,
    reason: Annotated[
        str, typer.Option(help="chance, reporting artefact, data error, known event, media attention, campaign, duplicate or other.")
    ],
    note: Note = None,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Say that nothing is behind an alert, and why."""
    _act(config, alert, "dismiss", by, json, reason=reason, note=note)


@alerts_app.command("annotate")
def annotate(
    alert: Alert, by: By, note: Annotated[str, typer.Option("--note", help="In your words.")], config: Config = CONFIG, json: Json = False
) -> None:
    """Add a note to an alert."""
    _act(config, alert, "annotate", by, json, note=note)


@alerts_app.command("merge")
def merge(
    alert: Alert,
    into: Annotated[str, typer.Argument(help="The alert that it belongs to.")],
    by: By,
    note: Note = None,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Merge an alert into another: what follows goes on there."""
    _act(config, alert, "merge", by, json, into=into, note=note)


@alerts_app.command("close")
def close(alert: Alert, by: By, note: Note = None, config: Config = CONFIG, json: Json = False) -> None:
    """Close an alert: the matter is over."""
    _act(config, alert, "close", by, json, note=note)


@alerts_app.command("advice")
def advice(config: Config = CONFIG, json: Json = False) -> None:
    """Show how often alerts were verified, by signal and detector, and the level that would have kept those that were."""
    from heedful.cli.console import emit, open_site, say, table
    from heedful.population.thresholds import advice as advised
    from heedful.store.alert_work import AlertLog, verdicts

    with open_site(config) as site:
        rows = advised(verdicts(AlertLog(site.ledger).alerts()))
        limit = site.settings.detection.q_limit
    if json:
        emit({"advice": rows.to_dicts(), "q_limit": limit})
        return
    table("Verdicts", ["by", "name", "verified", "dismissed", "precision", "95 % interval", "keeps all verified", "would spare"],
          [(r["by"], r["name"], r["verified"], r["dismissed"], f"{r['precision']:.2f}", f"{r['low']:.2f} to {r['high']:.2f}",
            "" if r["level"] is None else f"q_limit = {r['level']:.2g}", r["spared"]) for r in rows.iter_rows(named=True)])  # fmt: skip
    say(
        f"The site's q_limit is {limit:g}. A level is advice from these verdicts only; set one in [[detection.overrides]]."
        if rows.height
        else "No alert was verified or dismissed yet."
    )


@alerts_app.command("feed")
def feed(config: Config = CONFIG, json: Json = False) -> None:
    """Write the Atom and JSON feeds of the newest alerts."""
    from heedful.cli.console import emit, open_site, say
    from heedful.loops.alert_channels import write_feed

    with open_site(config) as site:
        paths = [str(path) for path in write_feed(site, site.clock.now())]
    emit({"files": paths}) if json else say(f"Wrote {' and '.join(paths)}.")


@alerts_app.command("send")
def send(config: Config = CONFIG, json: Json = False) -> None:
    """Send what waits for the webhook and the mail server now; a run does this too."""
    from heedful.cli.console import emit, open_site, say
    from heedful.loops.alert_channels import send_alerts

    with open_site(config) as site:
        moved = send_alerts(site, site.clock.now())
    emit(moved) if json else say(f"Sent {moved['sent']}, waiting {moved['waiting']}, given up {moved['failed']}.")


@alerts_app.command("history")
def history(
    signal: Annotated[str, typer.Argument(help="The signal.")],
    place: Annotated[str, typer.Argument(help="The place.")],
    known_on: Annotated[str | None, typer.Option(help="As it was known at the end of this day (YYYY-MM-DD).")] = None,
    roll_up: Annotated[bool, typer.Option("--roll-up", help="Official series: sum the places below and the age groups.")] = False,
    days: Annotated[int, typer.Option(help="Newest days.")] = 60,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Show a series as it was known on a past day, and say what of it is missing."""
    import polars as pl

    from heedful.cli.console import day_of, emit, open_site, say, table
    from heedful.loops.archive import series_history

    day = None if known_on is None else day_of(known_on)
    with open_site(config) as site:
        rows, said = series_history(site, signal, place, day, roll_up, days)
    if json:
        emit({"rows": rows.to_dicts(), "said": said})
        return
    shown = rows.drop("period_days", strict=False).with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%d %H:%M"))
    table(f"{signal}, {place}", shown.columns, shown.rows())
    for line in said:
        say(line)


@alerts_app.command("scan")
def scanned(
    signal: Annotated[str, typer.Argument(help="An official signal with counts by place.")],
    places: Annotated[Path, typer.Option(help="CSV with the columns place, longitude, latitude.")],
    model: Annotated[str, typer.Option(help="permutation, expectation, negative_binomial or population.")] = "permutation",
    dates: Annotated[int, typer.Option(help="Newest dates that are scanned.", min=2)] = 8,
    baseline: Annotated[int, typer.Option(help="Dates before them: what is expected.", min=8)] = 52,
    neighbors: Annotated[int, typer.Option(help="Most places of a zone.", min=1)] = 15,
    replicas: Annotated[int, typer.Option(help="Random replicas that judge the clusters.", min=99)] = 999,
    seed: Annotated[int, typer.Option(help="Of the replicas: the same seed, the same answer.")] = 1,
    source: Annotated[str, typer.Option(help="Issuer, where several count the signal.")] = "",
    stratum: Annotated[str, typer.Option(help="Stratum.")] = "all",
    known_on: Annotated[str | None, typer.Option(help="As it was known at the end of this day (YYYY-MM-DD).")] = None,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Look for clusters in space and time: places near each other that together count more than elsewhere, or than before."""
    import polars as pl

    from heedful.cli.console import day_of, emit, open_site, say, table
    from heedful.core.errors import SettingsError
    from heedful.loops.space_time import MODELS, Asked, Model, scan_places
    from heedful.sources.coordinates import read_coordinates

    known: dict[str, Model] = {one: one for one in MODELS}
    chosen = known.get(model)
    if chosen is None:
        raise SettingsError(f"There is no model {model!r}; there are {', '.join(MODELS)}.")
    day = None if known_on is None else day_of(known_on)
    asked = Asked(signal, chosen, dates, baseline, neighbors, replicas, seed, source, stratum)
    with open_site(config) as site:
        found, said = scan_places(site, read_coordinates(places), asked, day)
    if json:
        emit({"clusters": found.to_dicts(), "said": said})
        return
    shown = found.with_columns(pl.col("cases", "expected", "ratio").round(1), pl.col("p").round(3), pl.col("p_gumbel").round_sig_figs(2))
    table(f"Clusters of {signal}", shown.columns, shown.rows())
    for line in said:
        say(line)
    say("A cluster is a question for a person to look at, not an outbreak." if found.height else "No zone counts more than is expected.")


@alerts_app.command("early")
def early(
    signal: Annotated[str, typer.Argument(help="An official weekly signal.")],
    place: Annotated[str, typer.Argument(help="The place.")],
    digital: Annotated[
        list[str] | None,
        typer.Option("--with", help="A digital signal: a concept that is counted, or another weekly series. All of the place without."),
    ] = None,
    source: Annotated[str, typer.Option(help="Issuer, where several issue the signal.")] = "",
    stratum: Annotated[str, typer.Option(help="Stratum of the official signal.")] = "all",
    delay: Annotated[int, typer.Option(help="Weeks until a figure is out; 0: as measured.", min=0, max=26)] = 0,
    lags: Annotated[int, typer.Option(help="Weeks of the official series that are looked back on.", min=1)] = 52,
    window: Annotated[int, typer.Option(help="Weeks that are learned from.", min=20)] = 104,
    threshold: Annotated[float, typer.Option(help="Figure at which a season begins; 0: what 6 in 10 early weeks lay below.", min=0)] = 0.0,
    season_start: Annotated[int, typer.Option(help="Month with which a season's year begins.", min=1, max=12)] = 7,
    weeks: Annotated[int, typer.Option(help="Newest weeks that are shown.", min=1)] = 12,
    known_on: Annotated[str | None, typer.Option(help="As it was known at the end of this day (YYYY-MM-DD).")] = None,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Nowcast an official weekly figure before it is out, from people's own counts and other series, and say how far to trust it."""
    from heedful.cli.console import day_of, emit, open_site, say, table
    from heedful.loops.early_warning import Sought, early_warnings
    from heedful.population.early_warning import EarlyWarning

    day = None if known_on is None else day_of(known_on)
    learning = EarlyWarning(lags=lags, window=window)
    sought = Sought(signal, place, source, stratum, tuple(digital or ()), delay, threshold, season_start, learning)
    with open_site(config) as site:
        found = early_warnings(site, sought, day)
    if json:
        emit({
            "weeks": found.weeks.to_dicts(), "quality": found.quality, "drift": found.drift.to_dicts(),
            "lead": found.lead, "said": found.said,
        })  # fmt: skip
        return
    table(f"{signal}, {place}: nowcast, and figure as first issued and as known now", found.weeks.columns,
          [tuple(map(_short, row)) for row in found.weeks.tail(weeks).rows()])  # fmt: skip
    table("Digital signals", found.drift.columns, [tuple(map(_short, row)) for row in found.drift.rows()])
    for line in (*_trust(found.quality, found.lead), *found.said):
        say(line)


def _trust(quality: dict[str, float], lead: dict[str, Any]) -> list[str]:
    """How the past nowcasts did, in sentences."""
    said = []
    if quality:
        said.append(
            f"Over {quality['weeks']:.0f} past weeks, out of sample: error {quality['error_to_naive']:.3f} of 'as the newest figure' "
            f"({quality['error_to_naive_as_revised']:.3f} against figures as revised since), correlation {quality['correlation']:.3f}; "
            f"the 95 % intervals held {100 * quality['coverage']:.1f} % of the figures."
        )
        if quality["error_to_naive"] >= 1:
            said.append("That is no better than the newest figure itself: do not rely on this nowcast.")
    if lead:
        said.append(
            f"It told of {len(lead['seasons'])} beginnings of a season (at {lead['threshold']:.4g}) {lead['mean']:.2f} weeks "
            f"before the figure was out (95 % interval {lead['low']:.2f} to {lead['high']:.2f}); "
            f"missed {lead['missed']}, made up {lead['false']}."
        )
    return said
