"""Alerts at work: opened once, judged by people, kept quiet, sent signed, shown down to the counts; on a small site of official counts and posts."""

from __future__ import annotations

import hmac
import json
import smtplib
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from heedful.cli.main import app
from heedful.core.clock import FixedClock
from heedful.core.errors import LabelError, NotFoundError, SettingsError
from heedful.core.labels import Aggregate
from heedful.core.schemas import Alarms, Alerts
from heedful.loops import alert_channels as channels
from heedful.loops import alerts as work
from heedful.loops.explain import explain
from heedful.loops.run import run_site
from heedful.loops.settings import (
    AlertSettings,
    DetectionSettings,
    InputSettings,
    MailSettings,
    OverrideSettings,
    Settings,
    WebhookSettings,
)
from heedful.loops.site import Site
from heedful.population.thresholds import advice
from heedful.store.alert_work import AlertLog, verdicts
from heedful.trust.audit import verify_chain

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEEKS = 20


def table(outbreak: dict[str, list[int]], last: datetime = MONDAY) -> pl.DataFrame:
    """Weekly counts of a country and its regions up to the week of `last`; `outbreak`: counts of a place's last weeks."""
    rng = np.random.default_rng(5)
    rows = []
    for place in ("US", "US/NY", "US/CA", "DE"):
        values = rng.poisson(40, WEEKS).tolist()
        new = outbreak.get(place, [])
        values[WEEKS - len(new) :] = new
        for week, value in enumerate(values):
            day = last.date() - timedelta(weeks=WEEKS - 1 - week)
            rows.append((place, day, value, day + timedelta(days=7)))
    return pl.DataFrame(rows, schema=["place", "date", "value", "issue_date"], orient="row")


def site_at(folder: Path, now: datetime = MONDAY + timedelta(days=8), **changed: Any) -> Site:
    settings = msgspec.structs.replace(Settings(input=[InputSettings("flu.csv", name="office")]), **changed)
    return Site(settings, folder / "site", FixedClock(now))


def run(folder: Path, data: pl.DataFrame, now: datetime = MONDAY + timedelta(days=8), **changed: Any) -> Site:
    data.write_csv(folder / "flu.csv")
    site = site_at(folder, now, **changed)
    run_site(site, site.inputs(site.settings.input, folder))
    return site


def opened(site: Site) -> pl.DataFrame:
    return AlertLog(site.ledger).alerts()


def test_a_run_opens_one_alert_for_related_places_once(tmp_path: Path) -> None:
    data = table({"US": [160], "US/NY": [150]})
    site = run(tmp_path, data)
    found = opened(site)
    assert found.select("signal", "place", "state").rows() == [("office", "US", "open")]
    assert json.loads(found["detail"][0])["members"].split("\n") == ["US|all", "US/NY|all"]
    again = work.open_alerts(site, site.clock.now())
    assert again.opened == []
    assert opened(site).equals(found)


def test_alarms_of_years_ago_are_history_and_no_alert_is_opened(tmp_path: Path) -> None:
    assert opened(run(tmp_path, table({"US": [160]}), MONDAY + timedelta(days=90))).is_empty()


def test_the_next_week_goes_on_and_after_a_dismissal_stays_quiet_for_the_set_time(tmp_path: Path) -> None:
    first = run(tmp_path, table({"US/NY": [150]}))
    alert = opened(first)["alert"][0]
    later = MONDAY + timedelta(days=7)
    second = run(tmp_path, table({"US/NY": [150, 170]}, later), later + timedelta(days=8))
    assert opened(second).select("alert", "state", "day", "last_day").rows() == [(alert, "open", MONDAY.date(), later.date())]
    AlertLog(second.ledger).act(alert, "dismiss", second.clock.now(), "Ada", reason="known event")
    third = MONDAY + timedelta(days=14)
    site = run(tmp_path, table({"US/NY": [150, 170, 400]}, third), third + timedelta(days=8))
    assert opened(site).height == 1
    assert AlertLog(site.ledger).acts(alert)["act"].to_list() == ["open", "continue", "dismiss", "repeat"]
    loud = Settings(
        input=site.settings.input,
        alerts=AlertSettings(quiet_days=14),
        detection=DetectionSettings(overrides=[OverrideSettings("office", "US", quiet_days=3)]),
    )
    assert (work.quiet_days(loud, "office", "US/NY"), work.quiet_days(loud, "office", "DE"), work.quiet_days(loud, "x", "US")) == (
        3,
        14,
        14,
    )


def test_an_analysts_day_holds_alerts_back_and_opens_none_of_them(tmp_path: Path) -> None:
    site = run(tmp_path, table({"US/NY": [150], "DE": [400]}), detection=DetectionSettings(alerts_a_day=1))
    assert opened(site)["place"].to_list() == ["DE"]
    held = site.engine.table(Alerts, Aggregate).data.filter("held_back", pl.col("day") == MONDAY.date())
    assert held["place"].to_list() == ["US/NY"]


def test_levels_by_signal_and_place_reach_the_detectors(tmp_path: Path) -> None:
    strict = DetectionSettings(overrides=[OverrideSettings("office", "DE", minimum_count=1000)])
    site = run(tmp_path, table({"US/NY": [150], "DE": [400]}), detection=strict)
    assert opened(site)["place"].to_list() == ["US/NY"]


def test_every_act_is_signed_allowed_by_the_state_and_in_the_audit_chain(tmp_path: Path) -> None:
    site = run(tmp_path, table({"US/NY": [150], "DE": [400]}))
    log, now = AlertLog(site.ledger), site.clock.now()
    ids = dict(opened(site).select("place", "alert").iter_rows())
    ny, de = ids["US/NY"], ids["DE"]
    with pytest.raises(SettingsError, match="--by"):
        log.act(ny, "verify", now, " ")
    with pytest.raises(SettingsError, match="one of: chance"):
        log.act(ny, "dismiss", now, "Ada", reason="bored")
    with pytest.raises(NotFoundError, match="alerts list"):
        log.act("alert:none", "verify", now, "Ada")
    assert log.act(ny.split(":")[1][:6], "annotate", now, "Ada", note="asked the office")["notes"] == 1
    assert log.act(ny, "verify", now, "Ada")["state"] == "verified"
    with pytest.raises(SettingsError, match="only an alert that is open or dismissed"):
        log.act(ny, "verify", now, "Ada")
    merged = log.act(de, "merge", now, "Ada", into=ny)
    assert (merged["state"], merged["into"]) == ("merged", ny)
    with pytest.raises(SettingsError, match="merged"):
        log.act(de, "close", now, "Ada")
    assert log.act(ny, "close", now, "Bo", note="over")["state"] == "closed"
    audit = site.ledger.rows("audit")
    assert verify_chain(audit) is None
    assert {"alert open", "alert annotate", "alert verify", "alert merge", "alert close"} <= set(audit["act"])


def test_verdicts_feed_advice(tmp_path: Path) -> None:
    site = run(tmp_path, table({"US/NY": [90], "DE": [400]}))
    log, ids = AlertLog(site.ledger), dict(opened(site).select("place", "alert").iter_rows())
    log.act(ids["DE"], "verify", site.clock.now(), "Ada")
    log.act(ids["US/NY"], "dismiss", site.clock.now(), "Ada", reason="chance")
    row = advice(verdicts(log.alerts())).row(0, named=True)
    assert (row["verified"], row["dismissed"], row["spared"]) == (1, 1, 1)
    assert row["level"] == json.loads(log.state(ids["DE"])["detail"])["q"]


def test_a_drill_down_reaches_alarms_curve_and_counts_and_says_when_a_revision_took_it_away(tmp_path: Path) -> None:
    site = run(tmp_path, table({"US/NY": [150]}))
    alert = AlertLog(site.ledger).alerts().row(0, named=True)
    behind = work.drill_down(site, alert)
    assert behind["alarms"]["alarm"].all()
    assert behind["series"].filter(pl.col("day") == MONDAY.date())["value"].to_list() == [150.0]
    assert behind["curve"]["expected"].drop_nulls().len() > 3
    assert work.stands(site, alert)
    revised = pl.concat([table({"US/NY": [150]}), table({"US/NY": [38]}).filter(pl.col("date") == MONDAY.date()).with_columns(
        issue_date=pl.lit(MONDAY.date() + timedelta(days=8)))])  # fmt: skip
    assert not work.stands(run(tmp_path, revised, MONDAY + timedelta(days=9)), alert)


def test_an_alert_is_explained_down_to_the_counts_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alert, by its key or its id, then its least likely alarm, then the rows of counts."""
    table({"US/NY": [150]}).write_csv(tmp_path / "flu.csv")
    settings = tmp_path / "heedful.toml"
    settings.write_text('[site]\nfolder = "site"\n\n[[input]]\npath = "flu.csv"\nname = "office"\n')
    site = run(tmp_path, table({"US/NY": [150]}))
    alert = AlertLog(site.ledger).alerts().row(0, named=True)
    detector, place, stratum = json.loads(alert["detail"])["lead"].split("|")
    by_key = explain(site, ["alert", "office", "US/NY", str(MONDAY.date())])
    assert by_key.row == explain(site, [alert["alert"]]).row
    assert [name for name, _, _ in by_key.behind] == ["alarms"]
    assert by_key.said[0] == json.loads(alert["detail"])["why"]
    down = explain(site, ["alarm", detector, "office", place, stratum, str(MONDAY.date())])
    assert down.row["alarm"]
    shown = down.behind[0][2]
    assert shown.row(0, named=True)["value"] == 150.0  # its own series before others, the newest first
    assert set(shown["place"]) == {"US/NY"}
    site.close()
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(app, ["explain", "alert", "office", "US/NY", str(MONDAY.date()), "--config", str(settings), "--json"])
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["row"]["place"] == "US/NY"


def test_a_rise_too_small_in_each_region_is_an_alert_of_the_country(tmp_path: Path) -> None:
    """40 a week in each of 8 regions, 52 at last: the country's sum, which nobody issues, is tested and its parts are shown."""
    rng = np.random.default_rng(5)
    days = [MONDAY.date() - timedelta(weeks=WEEKS - 1 - week) for week in range(WEEKS)]
    data = pl.DataFrame(
        [(f"FR/{n}", day, 53 if day == MONDAY.date() else int(rng.poisson(40)), day + timedelta(days=7)) for n in range(8) for day in days],
        schema=["place", "date", "value", "issue_date"], orient="row",
    )  # fmt: skip
    site = run(tmp_path, data)
    alarms = site.engine.table(Alarms, Aggregate).data.filter("alarm", pl.col("day") == MONDAY.date())
    assert set(alarms["place"]) == {"FR"}
    assert "It is the sum of 8 parts" in alarms["why"][0]
    alert = AlertLog(site.ledger).alerts().row(0, named=True)
    assert (alert["place"], work.drill_down(site, alert)["series"].height) == ("FR", 8)


class Receiver(BaseHTTPRequestHandler):
    """A stub of somebody's server: refuses at first if told to, and keeps what came."""

    got: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012
    refuse = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if Receiver.refuse:
            Receiver.refuse -= 1
            self.send_response(503)
        else:
            Receiver.got.append((dict(self.headers), body))
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.got, Receiver.refuse = [], 0
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/alerts"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_is_signed_tried_again_and_holds_numbers_of_groups_only(tmp_path: Path, receiver: str) -> None:
    (tmp_path / "secret").write_bytes(b"shared\n")
    Receiver.refuse = 1
    hook = AlertSettings(webhook=WebhookSettings(receiver, str(tmp_path / "secret")))
    site = run(tmp_path, table({"US/NY": [150]}), alerts=hook)
    outbox = tmp_path / "site" / "alerts" / "outbox"
    assert Receiver.got == []
    waiting = json.loads(next(outbox.iterdir()).read_text())
    assert (waiting["attempts"], "503" in waiting["said"]) == (1, True)
    assert channels.send_alerts(site, site.clock.now()) == {"sent": 0, "waiting": 1, "failed": 0}  # not yet due
    assert channels.send_alerts(site, site.clock.now() + timedelta(minutes=2)) == {"sent": 1, "waiting": 0, "failed": 0}
    headers, body = Receiver.got[0]
    signed = hmac.new(b"shared", headers["X-Heedful-Timestamp"].encode() + b"." + body, "sha256").hexdigest()
    assert headers["X-Heedful-Signature"] == f"sha256={signed}"
    sent = json.loads(body)
    assert (sent["id"], sent["place"], sent["observed"]) == (opened(site)["alert"][0], "US/NY", 150.0)
    assert set(sent) == {
        "id", "site", "state", "signal", "label", "place", "day", "last_day", "opened_at", "since", "series", "alarms", "members", "detectors",
        "lead", "observed", "expected", "bound", "p", "q", "completeness", "nowcast", "why",
    }  # fmt: skip
    assert list(outbox.iterdir()) == []


def test_a_dead_receiver_is_given_up_at_last_and_said(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"shared")
    site = run(
        tmp_path, table({"US/NY": [150]}), alerts=AlertSettings(webhook=WebhookSettings("http://127.0.0.1:1/", str(tmp_path / "secret")))
    )
    now = site.clock.now()
    moved = [channels.send_alerts(site, now + timedelta(days=n)) for n in range(1, channels.ATTEMPTS + 1)]
    assert (sum(one["failed"] for one in moved), sum(one["sent"] for one in moved)) == (1, 0)
    assert len(list((tmp_path / "site" / "alerts" / "failed").iterdir())) == 1
    assert "alert not sent" in site.ledger.rows("audit")["act"].to_list()


def test_mail_is_off_by_default_and_says_a_question_when_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    class Server:
        def __init__(self, host: str, port: int, timeout: int) -> None:
            assert (host, port) == ("mail.test", 25)

        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_: object) -> None:
            return

        def send_message(self, message: Any) -> None:
            sent.append(message)

    monkeypatch.setattr(smtplib, "SMTP", Server)
    run(tmp_path, table({"US/NY": [150]}))
    assert sent == []
    (tmp_path / "mailed").mkdir()
    mail = MailSettings("mail.test", 25, starttls=False, sender="heedful@site.test", to=["ada@site.test"])
    run(tmp_path / "mailed", table({"US/NY": [150]}), alerts=AlertSettings(mail=mail))
    assert "US/NY" in sent[0]["Subject"]
    assert "a question, not an outbreak" in sent[0].get_content()


def test_the_feeds_name_every_alert_and_its_state(tmp_path: Path) -> None:
    site = run(tmp_path, table({"US/NY": [150], "DE": [400]}))
    folder = tmp_path / "site" / "alerts"
    items = json.loads((folder / "feed.json").read_text())["items"]
    assert {item["id"] for item in items} == set(opened(site)["alert"])
    atom = ET.parse(folder / "feed.atom").getroot()
    space = {"a": "http://www.w3.org/2005/Atom"}
    assert len(atom.findall("a:entry", space)) == 2
    assert [entry.get("term") for entry in atom.findall("a:entry/a:category", space)] == ["open", "open"]


def test_examples_need_a_name_and_enough_people(tmp_path: Path) -> None:
    now = datetime(2026, 3, 14, 12, tzinfo=UTC)
    posts = []
    for day in range(14):
        many = 12 if day == 12 else 1
        for person in range(30):
            text = "I have a terrible cough since monday" if person < many else "lovely weather"
            at = datetime(2026, 3, 1 + day, 9, tzinfo=UTC)
            posts.append(
                {"id": f"{day}-{person}", "author": f"person{person}", "created_at": at.isoformat(), "text": f"{text} {person * 7919}"}
            )
    (tmp_path / "posts.jsonl").write_text("\n".join(json.dumps(post) for post in posts))
    site = site_at(tmp_path, now, input=[InputSettings("posts.jsonl", name="town")])
    run_site(site, site.inputs(site.settings.input, tmp_path))
    alert = AlertLog(site.ledger).alerts().filter(pl.col("place") == "world").row(0, named=True)
    with pytest.raises(SettingsError, match="--by NAME --why"):
        work.examples(site, alert, "", "")
    shown = work.examples(site, alert, "Ada", "is it one event?")
    assert 3 <= len(shown) <= work.EXAMPLES
    assert all("cough" in text for text in shown)
    assert "alert examples" in site.ledger.rows("audit")["act"].to_list()
    with pytest.raises(LabelError, match="fewer than 3 people"):
        work.examples(site, alert | {"last_day": alert["last_day"] - timedelta(days=4)}, "Ada", "why not")


def test_settings_that_cannot_be_are_refused(tmp_path: Path) -> None:
    from heedful.loops.settings import TEMPLATE, load_settings

    path = tmp_path / "heedful.toml"
    for text, said in (
        ("[detection]\nq_limit = 5", "share above 0"),
        ('[[detection.overrides]]\nsignal = "flu"\nalpha = 0.0', "overrides 1.alpha"),
        ("[detection]\nalerts_a_day = -1", "0 for all"),
        ('[alerts.webhook]\nurl = "ftp://x"', "https://"),
        ('[alerts.webhook]\nurl = "https://x.test"', "secret_file"),
        ('[alerts.mail]\nhost = "x"', "sender and to"),
        ("[alerts]\nquiet_day = 3", "quiet_days"),
    ):
        path.write_text(text)
        with pytest.raises(SettingsError, match=said):
            load_settings(path)
    path.write_text(TEMPLATE)
    assert msgspec.to_builtins(load_settings(path)) == msgspec.to_builtins(Settings())
