"""Alerts at work: a run opens them, each once; people look down from them and judge them (`heedful.loops.alert_channels`: what leaves).

An alert of `heedful.population.alert_clusters` is opened when no alert of the same signal in a related place was seen within the quiet
days; else it continues that one, or, if that one was dismissed or closed, is noted as kept quiet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import polars as pl

from heedful.core.errors import LabelError, NotFoundError, SettingsError
from heedful.core.labels import Aggregate, Public
from heedful.core.row_ids import row_id
from heedful.core.schemas import Alarms, Alerts, Counts, Mentions, PeopleMentions, Posts, Series
from heedful.language.crisis import CRISIS_CONCEPTS
from heedful.loops.alert_channels import enqueue, write_feed
from heedful.loops.settings import OverrideSettings, Settings
from heedful.loops.site import Site
from heedful.population.alert_clusters import related
from heedful.population.archive import as_known
from heedful.store.alert_work import AlertLog

EXAMPLES = 5
AROUND = 80
"""Bytes of text shown on each side of what was found."""
_SHOWN = (
    "since",
    "series",
    "alarms",
    "members",
    "detectors",
    "lead",
    "observed",
    "expected",
    "bound",
    "p",
    "q",
    "completeness",
    "nowcast",
    "why",
)


@dataclass(frozen=True)
class Opened:
    """What a run did with the newest alerts: ids opened; how many went on, were kept quiet, and were held back by the settings."""

    opened: list[str]
    continued: int
    quiet: int
    held_back: int


# --- opening


def open_alerts(site: Site, now: datetime) -> Opened:
    """Open what is new among the alerts of the last days, write the outbox and the feed."""
    own = site.settings.alerts
    if not own.enabled:
        return Opened([], 0, 0, 0)
    log = AlertLog(site.ledger)
    rows = site.engine.table(Alerts, Aggregate).data.filter(pl.col("day") >= (now - timedelta(days=own.newest_days)).date())
    held, rows = rows.filter("held_back").height, rows.filter(~pl.col("held_back")).sort("day", "rank")
    known = {row["alert"]: row for row in log.alerts().iter_rows(named=True)}
    done, acts = log.acts(), []
    acted = set(done.filter(pl.col("by") == "run").select("alert", "day").iter_rows())
    for row in rows.iter_rows(named=True):
        act = _act(row, known, site.settings, now)
        if act is not None and (act["alert"], act["day"]) not in acted:
            acts.append(act)
            if act["act"] == "open":
                known[act["alert"]] = {
                    "alert": act["alert"],
                    "state": "open",
                    "signal": row["signal"],
                    "place": row["place"],
                    "last_day": row["day"],
                    "into": None,
                }
            elif act["act"] == "continue":
                known[act["alert"]]["last_day"] = max(known[act["alert"]]["last_day"], row["day"])
    before = set(done.filter(pl.col("act") == "open")["alert"])
    log.record(acts)
    opened = [act["alert"] for act in acts if act["act"] == "open" and act["alert"] not in before]
    for alert in opened:
        enqueue(site, log.state(alert))
    if own.feed and (opened or acts or not (site.folder / "alerts" / "feed.json").exists()):
        write_feed(site, now)
    count = {name: sum(act["act"] == name for act in acts) for name in ("continue", "repeat")}
    return Opened(opened, count["continue"], count["repeat"], held)


def _act(row: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], settings: Settings, now: datetime) -> dict[str, Any] | None:
    alert = row_id(Alerts, dict(row))
    act = {
        "alert": alert,
        "act": "open",
        "state": "open",
        "signal": row["signal"],
        "place": row["place"],
        "day": row["day"],
        "by": "run",
        "at": now,
    }
    if alert in known:
        return None
    quiet = quiet_days(settings, row["signal"], row["place"])
    near = [
        one
        for one in known.values()
        if one["signal"] == row["signal"] and _near(one["place"], row["place"]) and abs((row["day"] - one["last_day"]).days) <= quiet
    ]
    if not near:
        detail = {name: row[name] for name in _SHOWN} | {"since": row["since"].isoformat()}
        return act | {"detail": orjson.dumps(detail, option=orjson.OPT_SERIALIZE_NUMPY).decode()}
    last = max(near, key=lambda one: (one["state"] in ("open", "verified"), one["last_day"], one["alert"]))
    while last["state"] == "merged" and last["into"] in known:
        last = known[last["into"]]
    going_on = last["state"] in ("open", "verified")
    return act | {"alert": last["alert"], "act": "continue" if going_on else "repeat", "state": last["state"]}


def _near(one: str, other: str) -> bool:
    return bool(pl.select(a=pl.lit(one), b=pl.lit(other)).select(related("a", "b")).item())


def quiet_days(settings: Settings, signal: str, place: str) -> int:
    """Days without a second alert, by signal and place; the last override that fits wins."""
    found = settings.alerts.quiet_days
    for one in settings.detection.overrides:
        if one.quiet_days is not None and _fits(one, signal, place):
            found = one.quiet_days
    return found


def _fits(one: OverrideSettings, signal: str, place: str) -> bool:
    named = signal.startswith(one.signal[:-1]) if one.signal.endswith("*") else signal == one.signal
    return named and (one.place in ("", "world", place) or place.startswith(one.place + "/"))


# --- looking down


def drill_down(site: Site, alert: Mapping[str, Any], days: int = 56) -> dict[str, pl.DataFrame]:
    """What stands behind an alert: its `alarms`; the `curve` (observed, expected, bound) of its least likely series over the last `days`;
    the `counts` and official `series` of its members, newest known. Withheld counts stay withheld."""
    detail = orjson.loads(alert["detail"])
    last, first = alert["last_day"], alert["last_day"] - timedelta(days=days)
    alarms = site.engine.table(Alarms, Aggregate).data.filter(pl.col("signal") == alert["signal"], pl.col("day").is_between(first, last))
    members = pl.DataFrame([line.split("|") for line in detail["members"].split("\n")], schema=["place", "stratum"], orient="row")
    detector, place, stratum = detail["lead"].split("|")
    one = alarms.filter(detector=detector, place=place, stratum=stratum).sort("day")
    keys, here = ["signal", "place", "stratum", "day"], pl.col("day").is_between(last - timedelta(days=6), last)
    counts = site.engine.table(Counts, Aggregate).data.filter(pl.col("signal") == alert["signal"], here)
    series = site.lake.read(Series).filter(pl.col("signal") == alert["signal"], here)
    fired = alarms.filter("alarm", pl.col("day") >= alert["day"])
    inside = {name: rows.join(members, on=["place", "stratum"], how="semi") for name, rows in
              (("alarms", fired), ("counts", counts), ("series", series))}  # fmt: skip
    if inside["series"].is_empty():  # sums of what the issuer counts apart: their parts are shown
        above = pl.any_horizontal([(pl.col("place") + "/").str.starts_with(one + "/") for one in members["place"].unique()])
        inside["series"] = series.filter(above)
    return {
        "alarms": inside["alarms"].sort("day", "place", "detector"),
        "curve": one.select("day", "observed", "nowcast", "expected", "bound", "p", "q", "alarm"),
        "counts": as_known(inside["counts"], keys),
        "series": as_known(inside["series"], ["source", *keys]),
    }


def stands(site: Site, alert: Mapping[str, Any]) -> bool:
    """Whether the counts as known now still raise an alarm of the alert's signal in a related place on one of its days."""
    rows = site.engine.table(Alerts, Aggregate).data.filter(
        pl.col("signal") == alert["signal"], pl.col("day").is_between(alert["day"], alert["last_day"])
    )
    return bool(rows.with_columns(own=pl.lit(alert["place"])).filter(related("place", "own")).height)


def examples(site: Site, alert: Mapping[str, Any], by: str, why: str) -> list[str]:
    """A few de-identified pieces of what people wrote, for a named person and a stated purpose, noted in the audit chain.

    Only where the count of the day and place is shown at all and at least the site's minimum of different people wrote; one piece a person,
    no author, no address, no time; in an order that says nothing. Raises `LabelError` where too few did, `SettingsError` unsigned.
    """
    if not by.strip() or not why.strip():
        raise SettingsError("Examples are shown to a named person for a stated purpose only: --by NAME --why PURPOSE.")
    if alert["signal"] in CRISIS_CONCEPTS:
        raise LabelError(f"No example of {alert['alert']} is shown: of words of self-harm or overdose in public only counts are shown.")
    minimum, day, place = site.settings.disclosure.minimum_cell, alert["last_day"], alert["place"]
    cell = site.engine.table(Counts, Aggregate).data.filter(signal=alert["signal"], place=place, day=day).sort("known_at").tail(1)
    people = site.engine.table(PeopleMentions, Public).data.filter(concept=alert["signal"], place=place, day=day)
    if not cell.height or cell["suppressed"][0] or people["author"].n_unique() < minimum:
        raise LabelError(
            f"No example of {alert['alert']} is shown: fewer than {minimum} people wrote of it in {place} on {day}, or their number is "
            "withheld. "
            "Ask for an alert with more people, or of a wider place."
        )
    mentions = site.engine.table(Mentions, Public).data.filter(concept=alert["signal"], day=day).join(people, on="author", how="semi")
    posts = site.lake.read(Posts).filter(pl.col("day") == day).select("source", "post", "text")
    found = (
        mentions.join(posts, on=["source", "post"])
        .sort(pl.struct("source", "post", "start").hash(seed=1))
        .unique("author", keep="first", maintain_order=True)
    )
    if found["author"].n_unique() < minimum:
        raise LabelError(f"No example of {alert['alert']} is shown: the texts of fewer than {minimum} people are held.")
    site.ledger.audit(site.clock.now(), "alert examples", {"alert": alert["alert"], "by": by, "why": why})
    return [_piece(row["text"], row["start"], row["end"]) for row in found.head(EXAMPLES).iter_rows(named=True)]


def _piece(text: str, start: int, end: int) -> str:
    raw = text.encode()
    left, right = max(start - AROUND, 0), min(end + AROUND, len(raw))
    shown = raw[left:right].decode(errors="ignore")
    shown = shown if left == 0 else "…" + shown.split(" ", 1)[-1]
    return " ".join((shown if right == len(raw) else shown.rsplit(" ", 1)[0] + "…").split())


def alert_of(site: Site, alert: str) -> dict[str, Any]:
    """One alert with its acts. Raises `NotFoundError`."""
    found = AlertLog(site.ledger).state(alert)
    if not found["detail"]:
        raise NotFoundError(f"{alert} was never opened.")
    return found
