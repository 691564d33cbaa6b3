"""Crises of participants: what was said, and who looked. While a sign stands that no human cleared, no automatic message leaves.

A sign is a diary entry, or a public post under an account that the participant linked, with crisis words (`heedful.language.crisis`), or a
positive answer to item 9 of the PHQ-9. A crisis is all signs of
one person that nobody cleared; its id names exactly these, so that a sign which came after the list was read is never cleared unseen, not
even one that is dated earlier (a phone that was offline). Nothing clears itself with time. A sign that is corrected is a new sign.

A clearance is an act: who, when, which signs, why, in the ledger and, without the reason, in the audit chain. It says that a human took
over; it says nothing of the person's state.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

import orjson
import polars as pl

from heedful.behavior.questionnaires import thoughts_of_harm
from heedful.core.errors import NotFoundError, SettingsError
from heedful.core.labels import Care
from heedful.core.schemas import INSTANT, Answers, Diary, OwnPosts
from heedful.language.crisis import crises
from heedful.loops.site import Site

_SIGNS = {
    "sign": pl.String, "person": pl.String, "at": INSTANT, "known_at": INSTANT, "kind": pl.String, "told_in": pl.String, "words": pl.String,
}  # fmt: skip


def signs(diary: pl.DataFrame, answers: pl.DataFrame, own_posts: pl.DataFrame | None = None) -> pl.DataFrame:
    """Every sign of a crisis in rows of `Diary`, `Answers` and `OwnPosts`, in order of time: sign (id), person, at, known_at, kind,
    told_in, words.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 3, 1, tzinfo=UTC)
    >>> entry = {"person": "p", "entry": "7", "written_at": at, "known_at": at, "text": "I want to die"}
    >>> signs(pl.DataFrame([entry]), Answers.empty()).select("kind", "told_in", "words").rows()
    [('self_harm', 'diary entry 7', 'want to die')]
    """
    posts = OwnPosts.empty() if own_posts is None else own_posts
    asked = thoughts_of_harm(answers)
    found = pl.concat([
        _written(diary, pl.format("diary entry {}", pl.col("entry").cast(pl.String))),
        _written(posts, pl.format("own public post {} {}", "source", "post")),
        asked.select(
            "person", "known_at", "words", kind=pl.lit("self_harm"), at=pl.coalesce("answered_at", "asked_at").cast(INSTANT),
            told_in=pl.format("{}, {}", "instrument", "item"),
        ).select("person", "known_at", "kind", "words", "at", "told_in"),
    ])  # fmt: skip
    named = [_short(row) for row in found.select("person", "told_in", "at", "words").iter_rows()]
    return found.with_columns(sign=pl.Series(named, dtype=pl.String)).select(_SIGNS.keys()).cast(_SIGNS).sort("at", "sign")  # type: ignore[arg-type]


def _written(texts: pl.DataFrame, told_in: pl.Expr) -> pl.DataFrame:
    told = crises(texts["text"])
    fired = texts.with_columns(told["kind"], told["words"]).filter(pl.col("kind").is_not_null())
    return fired.select("person", "known_at", "kind", "words", at=pl.col("written_at").cast(INSTANT), told_in=told_in)


def site_signs(site: Site) -> pl.DataFrame:
    """The signs of everybody who agreed to care, with who cleared each: `cleared_by`, `cleared_at`, `reason` (null: nobody)."""
    found = signs(site.view(Diary, Care).data, site.view(Answers, Care).data, site.view(OwnPosts, Care).data)
    acts = site.ledger.rows("clearances")
    cleared = pl.DataFrame(
        [
            (sign, row["by"], row["at"], row["reason"])
            for row in acts.sort("at", "clearance").iter_rows(named=True)
            for sign in orjson.loads(row["signs"])
        ],
        {"sign": pl.String, "cleared_by": pl.String, "cleared_at": INSTANT, "reason": pl.String},
        orient="row",
    )
    return found.join(cleared.unique("sign", keep="first", maintain_order=True), on="sign", how="left", maintain_order="left")


def open_crises(site: Site) -> pl.DataFrame:
    """One row a person with a sign that nobody cleared, the longest waiting first: crisis (id), person, first_at, last_at, signs (list)."""
    waiting = site_signs(site).filter(pl.col("cleared_at").is_null())
    people = waiting.group_by("person", maintain_order=True).agg(
        first_at=pl.col("at").min(), last_at=pl.col("at").max(), signs=pl.col("sign").sort()
    )
    ids = [_short((person, *held)) for person, held in people.select("person", "signs").iter_rows()]
    return people.select(pl.Series("crisis", ids, dtype=pl.String), "person", "first_at", "last_at", "signs").sort("first_at", "crisis")


def clear_crisis(site: Site, crisis: str, by: str, reason: str) -> str:
    """Record that a human looked at all signs of an open crisis; returns the person's pseudonym.

    Raises `SettingsError` without a name or reason, `NotFoundError` for a crisis that is not open: never was, is cleared, or has grown.
    """
    if not by.strip() or not reason.strip():
        raise SettingsError("A crisis is cleared by somebody, for a reason. Give both: --by NAME --reason 'Called; seen by Dr Ames today'")
    with site.lake.writer_lock():
        found = open_crises(site).filter(pl.col("crisis") == crisis)
        if found.is_empty():
            raise NotFoundError(
                f"No open crisis has the id {crisis!r}: it was cleared, or a new sign gave it another id. Look again: heedful crises list"
            )
        person, held = found.row(0, named=True)["person"], found.row(0, named=True)["signs"]
        now = site.clock.now()
        told = {"signs": orjson.dumps(held).decode(), "reason": reason.strip(), "by": by.strip()}
        site.ledger.insert("clearances", [{"clearance": crisis, "person": person, **told, "at": now}])
        site.ledger.audit(now, "crisis cleared", {"crisis": crisis, "person": person, "signs": len(held), "by": by.strip()})
    return str(person)


def crisis_times(site: Site) -> dict[str, tuple[datetime, datetime | None]]:
    """By person since when messages rest, and when that ended: the earliest sign that nobody cleared, else the last, with its clearing."""
    found: dict[str, tuple[datetime, datetime | None]] = {}
    for person, at, cleared in site_signs(site).select("person", "at", "cleared_at").iter_rows():
        known = found.get(person)
        if known is None or known[1] is not None:  # signs come in order of time: the first that stands is kept
            found[person] = (at, cleared)
    return found


def _short(parts: tuple[object, ...]) -> str:
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=6).hexdigest()
