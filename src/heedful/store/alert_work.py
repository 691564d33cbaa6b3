"""Alert work: what became of each alert, as acts in the ledger that are never rewritten, each with a link in the audit chain.

The state of an alert follows from its acts: open → verified or dismissed → closed; or merged into another. Notes may be added at any
time. Every act names who did it; 'run' is the program, which opens alerts and says when one goes on or was kept quiet.
"""

from __future__ import annotations

from datetime import date, datetime
from hashlib import blake2b
from typing import Any, Literal

import orjson
import polars as pl
import sqlalchemy as sql

from heedful.core.errors import NotFoundError, SettingsError, StoreError
from heedful.core.schemas import TABLES, AlertWork
from heedful.store.ledger import METADATA, Ledger

Act = Literal["open", "continue", "repeat", "verify", "dismiss", "annotate", "merge", "close"]

REASONS = ("chance", "reporting artefact", "data error", "known event", "media attention", "campaign", "duplicate", "other")
"""Why an alert may be dismissed: closed words, so that verdicts can be counted."""

_AFTER = {"verify": "verified", "dismiss": "dismissed", "merge": "merged", "close": "closed"}
_FROM: dict[str, tuple[str, ...]] = {
    "verify": ("open", "dismissed"),
    "dismiss": ("open", "verified"),
    "merge": ("open", "verified"),
    "close": ("open", "verified", "dismissed"),
}


class AlertLog:
    """The acts of one ledger. Errors: `NotFoundError` for an unknown alert, `SettingsError` for an act that its state does not allow."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        _prepare(ledger)

    def acts(self, alert: str = "") -> pl.DataFrame:
        """All acts, oldest first; of one alert."""
        rows = self.ledger.rows("alert_work", **({"alert": alert} if alert else {}))
        order = {name: n for n, name in enumerate(("open", "continue", "repeat", "annotate", "verify", "dismiss", "merge", "close"))}
        return rows.sort("at", pl.col("act").replace_strict(order, default=9, return_dtype=pl.Int64), "day", maintain_order=True)

    def alerts(self) -> pl.DataFrame:
        """One row an alert: alert, state, signal, place, day (opened for), last_day (of its newest alarms), opened_at, changed_at, into,
        reason, by, notes (how many), verdict, detail."""
        acts = self.acts()
        seen = pl.col("act").is_in(["open", "continue"])
        return (
            acts.group_by("alert", maintain_order=True)
            .agg(
                state=pl.col("state").last(),
                signal=pl.col("signal").first(),
                place=pl.col("place").first(),
                day=pl.col("day").first(),
                last_day=pl.col("day").filter(seen).max(),
                opened_at=pl.col("at").first(),
                changed_at=pl.col("at").last(),
                into=pl.col("into").drop_nulls().last(),
                reason=pl.col("reason").drop_nulls().last(),
                by=pl.col("by").last(),
                notes=pl.col("note").drop_nulls().len().cast(pl.Int64),
                verdict=pl.col("act").filter(pl.col("act").is_in(["verify", "dismiss"])).last(),
                detail=pl.col("detail").drop_nulls().first(),
            )
            .sort("opened_at", "alert")
        )

    def state(self, alert: str) -> dict[str, Any]:
        """One alert by its id, or by the beginning of it."""
        rows = self.alerts().filter(pl.col("alert").str.starts_with(alert if alert.startswith("alert:") else f"alert:{alert}"))
        if rows.height != 1:
            what = "No alert has" if not rows.height else f"{rows.height} alerts begin with"
            raise NotFoundError(f"{what} the id {alert!r}. See: heedful alerts list --all")
        return rows.row(0, named=True)

    def record(self, acts: list[dict[str, Any]]) -> int:
        """Write acts of the run, each once; returns how many were new. Columns as `AlertWork` without `work`."""
        rows = []
        for act in acts:
            text = "\x1f".join((act["alert"], act["act"], str(act["day"]), act.get("into") or ""))
            row = {name: act.get(name) for name in AlertWork.columns}
            rows.append(row | {"work": blake2b(text.encode(), digest_size=8).hexdigest()})
        with self.ledger.transaction() as connection:
            known = {row.work for row in connection.execute(sql.select(METADATA.tables["alert_work"].c.work))}
            new = [row for row in rows if row["work"] not in known]
            self.ledger.insert("alert_work", new, connection)
        self.ledger.audit_many(acts[0]["at"], [_audited(row) for row in new]) if new else None
        return len(new)

    def act(
        self, alert: str, act: Act, at: datetime, by: str, *, note: str | None = None, reason: str | None = None, into: str | None = None
    ) -> dict[str, Any]:
        """One act of a person; returns the alert's new state. Raises `SettingsError` with the cure where it cannot be done."""
        found = self.state(alert)
        if not by.strip():
            raise SettingsError("Every act on an alert is signed. Name yourself with --by.")
        if act in _FROM and found["state"] not in _FROM[act]:
            raise SettingsError(
                f"{found['alert']} is {found['state']}; only an alert that is {' or '.join(_FROM[act])} can be {_AFTER[act]}."
            )
        if act == "dismiss" and reason not in REASONS:
            raise SettingsError(f"A dismissal needs a reason, one of: {', '.join(REASONS)}; it was {reason!r}.")
        if act == "annotate" and not (note or "").strip():
            raise SettingsError("A note needs words.")
        target = None
        if act == "merge":
            target = self.state(into or "")
            if target["alert"] == found["alert"] or target["state"] == "merged":
                raise SettingsError(f"{found['alert']} cannot be merged into {target['alert']}, which is itself or was merged away.")
        state = _AFTER.get(act, found["state"])
        row: dict[str, Any] = {
            "alert": found["alert"], "act": act, "state": state, "signal": found["signal"], "place": found["place"], "day": found["day"],
            "into": None if target is None else target["alert"], "reason": reason, "note": note, "by": by, "detail": None, "at": at,
        }  # fmt: skip
        text = "\x1f".join([*(str(row[name]) for name in ("alert", "act", "at", "by", "note"))])
        row["work"] = blake2b(text.encode(), digest_size=8).hexdigest()
        if self.ledger.insert("alert_work", [row]):
            self.ledger.audit_many(at, [_audited(row)])
        return self.state(found["alert"])


def verdicts(alerts: pl.DataFrame) -> pl.DataFrame:
    """What `heedful.population.thresholds.advice` reads, from rows of `AlertLog.alerts`."""
    judged = alerts.filter(pl.col("verdict").is_not_null() & pl.col("detail").is_not_null())
    details = [orjson.loads(text) for text in judged["detail"]]
    return pl.DataFrame(
        {
            "signal": judged["signal"],
            "detectors": [detail["detectors"] for detail in details],
            "q": [detail["q"] for detail in details],
            "verified": judged["verdict"] == "verify",
        },
        schema={"signal": pl.String, "detectors": pl.String, "q": pl.Float64, "verified": pl.Boolean},
    )


def _audited(row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    detail = {name: row[name] for name in ("alert", "state", "signal", "place", "into", "reason", "by") if row[name]}
    return f"alert {row['act']}", detail | {"day": _iso(row["day"])}


def _iso(day: date) -> str:
    return day.isoformat()


def _prepare(ledger: Ledger) -> None:
    """A ledger made before alerts had a workflow has a table of the same name that nothing ever wrote to: make it anew."""
    names = {column["name"] for column in sql.inspect(ledger.engine).get_columns("alert_work")}
    if names == set(AlertWork.columns):
        return
    table = METADATA.tables["alert_work"]
    with ledger.transaction() as connection:
        if connection.execute(sql.text("SELECT COUNT(*) FROM alert_work")).scalar_one():
            raise StoreError(
                f"The ledger's table alert_work has other columns than {', '.join(TABLES['alert_work'].columns)}, and rows. Rename it."
            )
        table.drop(connection)
        table.create(connection)
