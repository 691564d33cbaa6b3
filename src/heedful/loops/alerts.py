"""Alerts at work: a run opens them, each once; people judge them; what leaves the site is signed, aggregate, and sent until received.

An alert of `heedful.population.alert_clusters` is opened when no alert of the same signal in a related place was seen within the quiet
days; else it continues that one, or, if that one was dismissed or closed, is noted as kept quiet. What is to leave is first written to the
outbox (`alerts/outbox` in the site's folder), one file an alert and channel, and stays there until it was received: a crash or a dead
server delays it and doubles nothing that the receiver cannot tell by its id.
"""

from __future__ import annotations

import hmac
import smtplib
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from heedful.core.errors import LabelError, NotFoundError, SettingsError
from heedful.core.labels import Aggregate, Public
from heedful.core.row_ids import row_id
from heedful.core.schemas import Alarms, Alerts, Counts, Mentions, PeopleMentions, Posts, Series
from heedful.loops.settings import AlertSettings, MailSettings, OverrideSettings, Settings, WebhookSettings
from heedful.loops.site import Site
from heedful.population.alert_clusters import related
from heedful.population.archive import as_known
from heedful.store.alert_work import AlertLog

ATTEMPTS = 12
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=12)
TIMEOUT_SECONDS = 10
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
        _enqueue(site, log.state(alert))
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


# --- what leaves


def content(site: Site, alert: Mapping[str, Any]) -> dict[str, Any]:
    """What leaves the site about an alert: numbers of groups only."""
    labels = _labels(site)
    detail = orjson.loads(alert["detail"]) if alert["detail"] else {}
    return {
        "id": alert["alert"], "site": site.settings.site.name, "state": alert["state"], "signal": alert["signal"],
        "label": labels.get(alert["signal"], alert["signal"]), "place": alert["place"], "day": alert["day"].isoformat(),
        "last_day": alert["last_day"].isoformat(), "opened_at": alert["opened_at"].isoformat(), **detail,
    }  # fmt: skip


def _labels(site: Site) -> dict[str, str]:
    return dict(site.engine.resources["vocabulary"].terms.select("code", "label").unique("code").iter_rows())


def _enqueue(site: Site, alert: Mapping[str, Any]) -> None:
    own: AlertSettings = site.settings.alerts
    for channel, on in (("webhook", bool(own.webhook.url)), ("mail", bool(own.mail.host))):
        if on:
            body = {"channel": channel, "attempts": 0, "next_at": None, "said": "", "alert": content(site, alert)}
            _write(_outbox(site) / f"{alert['alert'].split(':')[1]}.{channel}.json", orjson.dumps(body, option=orjson.OPT_INDENT_2))


def _outbox(site: Site) -> Path:
    return site.folder / "alerts" / "outbox"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)


Deliver = Callable[[Site, dict[str, Any], datetime], None]


def send_alerts(site: Site, now: datetime) -> dict[str, int]:
    """Try what waits in the outbox and is due; sent, waiting (tried again later, ever more seldom) and failed (after `ATTEMPTS`)."""
    moved = {"sent": 0, "waiting": 0, "failed": 0}
    for path in sorted(_outbox(site).glob("*.json")):
        waiting = orjson.loads(path.read_bytes())
        if waiting["next_at"] and datetime.fromisoformat(waiting["next_at"]) > now:
            moved["waiting"] += 1
            continue
        try:
            _CHANNELS[waiting["channel"]](site, waiting["alert"], now)
        except (OSError, urllib.error.URLError, smtplib.SMTPException, SettingsError) as error:
            moved[_put_off(site, path, waiting, now, error)] += 1
            continue
        site.ledger.audit(now, "alert sent", {"alert": waiting["alert"]["id"], "channel": waiting["channel"]})
        path.unlink()
        moved["sent"] += 1
    return moved


def _put_off(site: Site, path: Path, waiting: dict[str, Any], now: datetime, error: Exception) -> str:
    waiting["attempts"] += 1
    waiting["said"] = f"{type(error).__name__}: {error}"[:300]
    if waiting["attempts"] >= ATTEMPTS:
        _write(path.parent.parent / "failed" / path.name, orjson.dumps(waiting, option=orjson.OPT_INDENT_2))
        path.unlink()
        site.ledger.audit(now, "alert not sent", {"alert": waiting["alert"]["id"], "channel": waiting["channel"], "said": waiting["said"]})
        return "failed"
    wait = min(FIRST_WAIT * 2 ** (waiting["attempts"] - 1), LONGEST_WAIT)
    waiting["next_at"] = (now + wait).isoformat()
    _write(path, orjson.dumps(waiting, option=orjson.OPT_INDENT_2))
    return "waiting"


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """What the header X-Heedful-Signature holds: HMAC-SHA256 over timestamp, dot and body, so that neither can be changed or replayed.

    >>> signature(b"key", "1767225600", b"{}")[:20]
    'sha256=5dfd0dd0e3ef8'
    """
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, "sha256").hexdigest()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A receiver that moved is an error: what is signed for one address is not sent to another."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _post(site: Site, alert: dict[str, Any], now: datetime) -> None:
    own: WebhookSettings = site.settings.alerts.webhook
    body, stamp = orjson.dumps(alert, option=orjson.OPT_SORT_KEYS), str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json", "User-Agent": "heedful", "X-Heedful-Delivery": alert["id"], "X-Heedful-Timestamp": stamp,
        "X-Heedful-Signature": signature(_secret(site, own.secret_file), stamp, body),
    }  # fmt: skip
    request = urllib.request.Request(own.url, data=body, headers=headers, method="POST")
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS) as answer:
        answer.read(1024)


def _mail(site: Site, alert: dict[str, Any], now: datetime) -> None:
    own: MailSettings = site.settings.alerts.mail
    message = EmailMessage()
    message["From"], message["To"] = own.sender, ", ".join(own.to)
    message["Subject"] = f"[{alert['site']}] {alert['label']}, {alert['place']}, {alert['day']}: a signal to look at"
    message["Date"] = now
    message["Message-ID"] = f"<{alert['id'].replace(':', '.')}@heedful.invalid>"
    message.set_content(
        f"{alert['why']}\n\nLook at it with: heedful alerts show {alert['id']}\n"
        "A count above what was expected is a question, not an outbreak.\n"
    )
    with smtplib.SMTP(own.host, own.port, timeout=TIMEOUT_SECONDS) as server:
        if own.starttls:
            server.starttls()
        if own.user:
            server.login(own.user, _secret(site, own.password_file).decode())
        server.send_message(message)


_CHANNELS: dict[str, Deliver] = {"webhook": _post, "mail": _mail}


def _secret(site: Site, name: str) -> bytes:
    path = Path(name) if Path(name).is_absolute() else site.folder / name
    if not name or not path.is_file() or not path.read_bytes().strip():
        raise SettingsError(f"The file {name!r} with the secret for alerts is not there or empty (looked in {site.folder}).")
    return path.read_bytes().strip()


# --- the feed


def write_feed(site: Site, now: datetime, most: int = 100) -> tuple[Path, Path]:
    """The newest alerts as `alerts/feed.json` (JSON Feed 1.1) and `alerts/feed.atom` (RFC 4287)."""
    rows = AlertLog(site.ledger).alerts().sort("changed_at", "alert", descending=True).head(most)
    items = [content(site, row) | {"changed_at": row["changed_at"].isoformat()} for row in rows.iter_rows(named=True)]
    title = f"{site.settings.site.name}: alerts"
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "items": [
            {
                "id": one["id"], "title": _title(one), "content_text": one.get("why", ""), "date_published": one["opened_at"],
                "date_modified": one["changed_at"], "tags": [one["state"]],
                "_heedful": {name: value for name, value in one.items() if name not in ("why", "site")},
            }
            for one in items
        ],
    }  # fmt: skip
    folder = site.folder / "alerts"
    _write(folder / "feed.json", orjson.dumps(feed, option=orjson.OPT_INDENT_2))
    _write(folder / "feed.atom", _atom(title, items, now))
    return folder / "feed.json", folder / "feed.atom"


def _title(one: Mapping[str, Any]) -> str:
    return f"{one['label']}, {one['place']}, {one['day']} ({one['state']})"


def _atom(title: str, items: list[dict[str, Any]], now: datetime) -> bytes:
    feed = ET.Element("feed", xmlns="http://www.w3.org/2005/Atom")
    for name, text in (("id", f"urn:heedful:{title}"), ("title", title), ("updated", now.isoformat())):
        ET.SubElement(feed, name).text = text
    ET.SubElement(ET.SubElement(feed, "author"), "name").text = "heedful"
    for one in items:
        entry = ET.SubElement(feed, "entry")
        for name, text in (
            ("id", f"urn:heedful:{one['id']}"), ("title", _title(one)), ("updated", one["changed_at"]), ("published", one["opened_at"]),
            ("summary", one.get("why", "")),
        ):  # fmt: skip
            ET.SubElement(entry, name).text = text
        ET.SubElement(entry, "category", term=one["state"])
    return ET.tostring(feed, encoding="utf-8", xml_declaration=True)


def alert_of(site: Site, alert: str) -> dict[str, Any]:
    """One alert with its acts. Raises `NotFoundError`."""
    found = AlertLog(site.ledger).state(alert)
    if not found["detail"]:
        raise NotFoundError(f"{alert} was never opened.")
    return found
