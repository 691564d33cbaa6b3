"""Automation: accounts whose days show a machine's hand, by figures that a reader can check; each rule with its limit.

Rules, any of which flags an author's day: fifty posts a day or more (Howard and Kollanyi 2016, who call that heavy automation); nine
posts or more at almost equal distances; ten posts or more of which nine in ten have a link; five posts or more of which most are the
account's own words again. None of them says that nobody ill is behind the account, only that its posts are no count of people.
"""

from __future__ import annotations

import polars as pl

MOST_POSTS = 50
LEAST_GAPS, LARGEST_VARIATION = 8, 0.1
"""Coefficient of variation of the gaps between posts: 1 for independent moments, 0 for a clock."""
LEAST_LINKED, LINKED_SHARE = 10, 0.9
LEAST_REPEATED, REPEATED_SHARE, REPEATED_WORDS = 5, 0.6, 4


LEAST_POSTS = min(MOST_POSTS, LEAST_GAPS + 1, LEAST_LINKED, LEAST_REPEATED)
"""Of an author whom any rule can meet."""

_WHO = ["judged", "author"]


def automated(posts: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
    """One row an author and judged day that a rule meets (the first of them): judged, author, posts, score, known_at, why.

    Parameters
    ----------
    posts: the posts of each judged day's window: judged (that day), author, posted_at, known_at, link, words, wording (number of the
        text's set of word runs), source, post.
    day: expression that is true of the posts of the day that is judged; an author without one has no row.
    """
    rows = (
        posts.filter(pl.len().over(_WHO) >= LEAST_POSTS)
        .sort(*_WHO, "posted_at", "source", "post")
        .with_columns(
            gap=pl.col("posted_at").diff().over(_WHO).dt.total_microseconds() / 1e6,
            again=(pl.col("words") >= REPEATED_WORDS) & pl.struct(*_WHO, "wording").is_duplicated(),
        )
    )
    moved = pl.col("gap").filter(pl.col("gap") > 0)
    known = pl.col("known_at").sort()
    judged = rows.group_by(_WHO).agg(
        posts=pl.len().cast(pl.Int32), today=day.sum(), gaps=moved.len(), mean=moved.mean(),
        variation=moved.std() / moved.mean(), linked=pl.col("link").mean(), repeated=pl.col("again").mean(),
        **{f"at_{n}": known.get(n - 1, null_on_oob=True) for n in (LEAST_GAPS + 1, LEAST_LINKED, LEAST_REPEATED)},
        at_most=pl.col("known_at").filter(day).sort().get(MOST_POSTS - 1, null_on_oob=True),
    ).filter(pl.col("today") > 0)  # fmt: skip
    mean = pl.col("mean").round(0).cast(pl.Int64)
    rules = (
        (pl.col("today") >= MOST_POSTS, pl.col("today").cast(pl.Float64), "at_most",
         pl.format(f"{{}} posts on the day; {MOST_POSTS} or more are more than people write.", "today")),
        ((pl.col("gaps") >= LEAST_GAPS) & (pl.col("variation") <= LARGEST_VARIATION), pl.col("variation"), f"at_{LEAST_GAPS + 1}",
         pl.format("{} posts one every {} seconds like a clock (variation {}; 1 would be chance).", "posts", mean,
                   pl.col("variation").round(3))),
        ((pl.col("posts") >= LEAST_LINKED) & (pl.col("linked") >= LINKED_SHARE), pl.col("linked"), f"at_{LEAST_LINKED}",
         pl.format("{} % of its {} posts carry a link.", (100 * pl.col("linked")).round(0).cast(pl.Int64), "posts")),
        ((pl.col("posts") >= LEAST_REPEATED) & (pl.col("repeated") >= REPEATED_SHARE), pl.col("repeated"), f"at_{LEAST_REPEATED}",
         pl.format("{} % of its {} posts repeat its own words.", (100 * pl.col("repeated")).round(0).cast(pl.Int64), "posts")),
    )  # fmt: skip
    met = [
        judged.filter(met).select(*_WHO, "posts", score=score, known_at=pl.col(at), why=why, rule=pl.lit(number, pl.Int32))
        for number, (met, score, at, why) in enumerate(rules)
    ]
    return pl.concat(met).sort(*_WHO, "rule").unique(_WHO, keep="first", maintain_order=True).drop("rule")
