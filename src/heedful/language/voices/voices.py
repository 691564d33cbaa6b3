"""Voices: which authors' days are no one person speaking of themselves, with the reason and the figures. Flags, never a verdict on anybody.

Day by day, from the posts of the day and of the day before: copy-paste campaigns, accounts that act together, news, adverts, automation.
What is done about a flag is the site's choice (`[voices] exclude`), and every count says how many people it left out.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Public
from heedful.core.registry import METHODS, Card, Method
from heedful.core.schemas import Posts, Voices
from heedful.language.heads.grams import hash_words, tokenize
from heedful.language.voices.campaigns import SHORTEST_COPY, campaigns
from heedful.language.voices.near_duplicates import groups_in_windows
from heedful.language.voices.rhythm import automated
from heedful.language.voices.shingles import ShingleSets, shingle_sets
from heedful.language.voices.together import acting_together
from heedful.language.voices.wording import worded

CARD = Card(
    name="language.voices",
    definition="Flags of an author's day from two days of posts: copy_paste (the same fifteen words or more as two other accounts), "
    "co_sharing (meeting over two things within a minute beyond chance), news, advert, automation (rate, rhythm, links, own repeats).",
    units="1",
    reference="Broder 1997; Giglietto et al. 2020; Howard and Kollanyi 2016; null model and wording cues of our own.",
    limits="A flag says that posts are no count of people, not who planned them or that nobody ill is behind them. Campaigns slower "
    "than two days, paraphrases, pictures and shared links that the source does not keep are missed. Cues: English, few German, "
    "Spanish and French.",
)
METHODS.add(CARD.name, Method(CARD))

LOOKBACK = 1
NEWS_POSTS, NEWS_SHARE = 2, 0.6
ADVERT_SHARE = 0.5
_WHO = ["judged", "author"]


@derivation(reads=(Posts,), writes=Voices, by=("day",), lookback=LOOKBACK, narrow=True, version=1)
def voices(posts: Frame[Public, Posts], *, keys: pl.DataFrame | None = None) -> Frame[Public, Voices]:
    """Flags of each author's day, from the posts of the day and of the day before; `keys`: days asked for."""
    days = posts.data["day"].unique().sort()
    asked = days if keys is None else days.filter(days.is_in(keys["day"].implode()))
    if not len(asked):
        return posts.derive(Voices, Voices.empty())
    columns = ["source", "post", "author", "day", "posted_at", "known_at", "text", "reply_to", "kind"]
    # In an order that does not depend on how the posts came.
    return posts.derive(Voices, flags_of_days(posts.data.select(columns).sort("day", "source", "post"), asked))


def flags_of_days(posts: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
    """Rows of `Voices` of the days asked for. posts: of these days and of the `LOOKBACK` days before each, in any fixed order by day."""
    tokens = tokenize(posts["text"])
    sets = shingle_sets(hash_words(tokens), tokens.text, posts.height)
    texts = posts.drop("text").hstack(worded(posts["text"])).with_columns(
        row=pl.int_range(posts.height, dtype=pl.Int64), wording=_wording(sets)
    )  # fmt: skip
    rows = _grouped(_windows(texts, days), sets)
    told = {
        "copy_paste": campaigns(rows, sets),
        "co_sharing": acting_together(_shared(rows), pl.col("today")),
        "news": _mostly(rows, "news", NEWS_POSTS, NEWS_SHARE, "{} of its {} posts read as news and do not say 'I'."),
        "advert": _mostly(rows, "advert", 1, ADVERT_SHARE, "{} of its {} posts sell something by their wording."),
        "automation": automated(rows, pl.col("today")),
    }
    nobody = {"campaign": pl.lit(""), "accounts": pl.lit(1, pl.Int32), "p": pl.lit(None, pl.Float64), "q": pl.lit(None, pl.Float64)}
    flagged = [
        found.rename({"judged": "day"}).with_columns(
            flag=pl.lit(flag), **{name: value for name, value in nobody.items() if name not in found.columns}
        ).select(*Voices.columns)
        for flag, found in told.items()
    ]  # fmt: skip
    return Voices.check(pl.concat(flagged)).sort(Voices.key)


def _windows(texts: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
    """Each text once a day whose window it is in: `judged` is that day, `today` whether it is the text's own."""
    windows = [texts.with_columns(judged=pl.col("day") + timedelta(days=lag), today=pl.lit(lag == 0)) for lag in range(LOOKBACK + 1)]
    return pl.concat(windows).filter(pl.col("judged").is_in(days.implode())).sort("judged", "row")


def _grouped(rows: pl.DataFrame, sets: ShingleSets) -> pl.DataFrame:
    """`rows` with `group`: of which copies within the window a text is one; null for what is passed on, or too short to compare."""
    compared = rows.select((pl.col("kind") != "repost") & (pl.col("words") >= SHORTEST_COPY)).to_series().fill_null(value=False).arg_true()
    text, judged = rows["row"].gather(compared).to_numpy(), rows["judged"].gather(compared)
    begins = np.flatnonzero((judged != judged.shift(1)).fill_null(value=True).to_numpy())
    windows = np.split(text, begins[1:]) if len(text) else []
    group = np.concatenate([np.zeros(0, np.int64), *groups_in_windows(sets, windows)])
    named = pl.repeat(None, rows.height, dtype=pl.Int64, eager=True)
    return rows.with_columns(group=named.scatter(compared, group) if len(compared) else named)


def _wording(sets: ShingleSets) -> pl.Series:
    """A number of each text's whole set: equal words, equal number (sum of its shingles; two texts in 10^19 share one by chance)."""
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(sets.shingle, dtype=np.uint64)])
    return pl.Series("wording", total[sets.starts[1:]] - total[sets.starts[:-1]])


def _shared(rows: pl.DataFrame) -> pl.DataFrame:
    """What was shared: a post that was passed on, or words that somebody else used too."""
    passed_on = rows.filter((pl.col("kind") == "repost") & pl.col("reply_to").is_not_null()).with_columns(
        object=pl.concat_str(pl.lit("post"), "source", "reply_to", separator="\x1f")
    )
    copied = rows.filter(pl.col("group").is_not_null()).filter(pl.len().over("judged", "group") > 1)
    copied = copied.filter(pl.col("author").n_unique().over("judged", "group") > 1).with_columns(object=pl.format("copy\x1f{}", "group"))
    return pl.concat([passed_on, copied]).select("judged", "author", "object", "source", "post", "posted_at", "known_at", "today")


def _mostly(rows: pl.DataFrame, what: str, least: int, share: float, why: str) -> pl.DataFrame:
    """Authors of each judged day of whose window at least `least` posts, and at least this share, are `what`."""
    some = rows.filter(what).select(_WHO).unique()
    judged = rows.join(some, on=_WHO, how="semi").group_by(_WHO).agg(
        posts=pl.len().cast(pl.Int32), hits=pl.col(what).sum().cast(pl.Int32), today=(pl.col("today") & pl.col(what)).any(),
        known_at=pl.col("known_at").filter(what).sort().get(least - 1, null_on_oob=True),
    )  # fmt: skip
    met = judged.filter("today", pl.col("hits") >= least, pl.col("hits") >= share * pl.col("posts"))
    return met.select(*_WHO, "posts", score=pl.col("hits") / pl.col("posts"), known_at="known_at", why=pl.format(why, "hits", "posts"))
