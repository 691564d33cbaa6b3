"""What leaves a site about its alerts: content, the outbox that is sent until received, webhook and mail, feeds.

What is to leave is first written to the outbox (`alerts/outbox` in the site's folder), one file an alert and channel, and stays there
until it was received: a crash or a dead server delays it and doubles nothing that the receiver cannot tell by its id.
"""

from __future__ import annotations

import hmac
import smtplib
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import orjson

from heedful.core.errors import SettingsError
from heedful.loops.settings import AlertSettings, MailSettings, WebhookSettings
from heedful.loops.site import Site
from heedful.store.alert_work import AlertLog

ATTEMPTS = 12
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=12)
TIMEOUT_SECONDS = 10


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


def enqueue(site: Site, alert: Mapping[str, Any]) -> None:
    """Write a new alert to the outbox, once for each channel that is on."""
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
    'sha256=df344de429b8e'
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
