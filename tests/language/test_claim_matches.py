"""The table of claims: a post that is about a claim has a row with stance, score and words; most have none; a new claim is a new version."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.labels import Public
from heedful.core.schemas import Claims, Posts
from heedful.core.seals import seal
from heedful.language.claim_matches import SiteClaims, claim_id, claims, nearest

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
BANK = ("Garlic cures the flu within 24 hours.", "The measles vaccine contains mercury.", "5G towers spread the coronavirus.")


SETS = Path(__file__).parents[3] / "shared" / "data" / "nlp"


def nlp_set(folder: str, file: str) -> list[bytes]:
    path = SETS / folder / file
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return gzip.decompress(path.read_bytes()).splitlines()


def bank(*said: str) -> SiteClaims:
    return SiteClaims(
        pl.DataFrame({"claim": list(said), "source": "https://example.org", "verdict": "false"}, schema_overrides={"claim": pl.String})
    )


def matches(site: SiteClaims, *texts: str, **more: Any) -> pl.DataFrame:
    rows = [
        {
            "source": "a",
            "post": str(n),
            "author": "x",
            "day": AT.date(),
            "posted_at": AT,
            "known_at": AT,
            "text": text,
            "kind": "post",
            "synthetic": True,
            **more,
        }
        for n, text in enumerate(texts)
    ]
    table = pl.DataFrame(rows, schema={k: v for k, v in Posts.dtypes().items() if not rows or k in rows[0]})
    return claims(seal(Posts.check(table) if rows else Posts.empty(), Public, Posts), claims=site).data


def test_rows_say_which_claim_which_stance_and_why() -> None:
    found = matches(
        bank(*BANK),
        "my aunt says GARLIC cures flu in 24 hours",
        "I have had the flu since Monday",
        "no, 5g towers do not spread corona or coronavirus",
        "",
    )
    assert found.select("post", "stance").rows() == [("0", "spreads"), ("2", "refutes")]
    assert found["claim"].to_list() == [claim_id(BANK[0]), claim_id(BANK[2])]
    assert found["evidence"].to_list()[0] == "garlic cures flu 24"
    assert found["score"].is_between(0.35, 1).all()


def test_other_languages_and_an_empty_bank_match_nothing() -> None:
    assert matches(bank(*BANK), BANK[0], language="fr").is_empty()
    assert matches(bank(), BANK[0]).equals(Claims.empty())
    assert matches(bank(*BANK)).equals(Claims.empty())


def test_a_new_claim_is_a_new_version_and_its_verdict_is_not() -> None:
    one, two = bank(*BANK[:2]), bank(*BANK)
    assert one.fingerprint != two.fingerprint
    assert SiteClaims(one.claims.with_columns(verdict=pl.lit("true"))).fingerprint == one.fingerprint


def test_a_text_has_the_same_answer_alone_and_among_others() -> None:
    site, texts = bank(*BANK), pl.Series([*BANK, "garlic cures flu lol", None, "5g 5g towers coronavirus"])
    together = nearest(texts, site).drop("post").rows()
    alone = [row for text in texts for row in nearest(pl.Series([text], dtype=pl.String), site).drop("post").rows()]
    assert together == alone


def test_at_most_two_in_a_hundred_personal_posts_match_a_claim() -> None:
    posts = pl.DataFrame([json.loads(line) for line in nlp_set("rhmd", "posts.jsonl.gz")])
    false = [json.loads(line)["pos_variations"][0] for line in nlp_set("covidlies", "misconceptions.jsonl.gz")]
    personal = posts.filter(pl.col("label") == "health_mention")["text"]
    assert nearest(personal, bank(*false)).height <= 0.02 * personal.len()
