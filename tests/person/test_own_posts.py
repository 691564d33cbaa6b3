"""What of a linked post is said on its writer's timeline: of themselves, there, now; and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from heedful.core.labels import Care, Consented
from heedful.core.schemas import OwnPosts
from heedful.core.seals import seal
from heedful.person.own_posts import timeline_own_posts
from heedful.sources import packaged_later
from heedful.sources.packaged import taggers

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAID = {
    "I have a terrible headache today": [("symptom", "Headache, severe")],
    "Sertraline made me nauseous and I can't sleep": [
        ("symptom", "Insomnia as an adverse effect of sertraline"), ("symptom", "Nausea as an adverse effect of sertraline"),
    ],
    "stopped taking metformin because of the nausea": [("symptom", "Nausea as an adverse effect of metformin"), ("medication", "stopped metformin")],
    "Ibuprofen worked for my headache": [("medication", "Headache helped by ibuprofen")],
    "Sertraline has done nothing for me": [("medication", "sertraline did not help")],
    "forgot my lisinopril again": [("medication", "missed a dose of lisinopril")],
    "tengo dolor de cabeza y fiebre": [("symptom", "Fever"), ("symptom", "Headache")],
    "no headache anymore": [],
    "my son has a fever in Boston": [],
    "does ibuprofen help with fever?": [],
    "Zoloft gave my mom nausea": [],
    "My mom stopped sertraline": [],
    "if I get a fever I will stay home": [],
    "had asthma as a kid": [],
}  # fmt: skip


def said(texts: list[str]) -> dict[str, list[tuple[str, str]]]:
    rows = pl.DataFrame({"text": texts}).with_columns(
        person=pl.lit("p"), source=pl.lit("town"), post=pl.format("{}", pl.int_range(pl.len())), author=pl.lit("u"), day=pl.lit(AT.date()),
        written_at=pl.lit(AT), kind=pl.lit("post"), known_at=pl.lit(AT),
    )  # fmt: skip
    posts = seal(rows, Consented[Care], OwnPosts)
    told = timeline_own_posts(posts, vocabulary=packaged_later.vocabulary(), taggers=taggers())
    assert told.label == Consented[Care]
    found = told.data.with_columns(post=pl.col("item").str.extract(r" (\d+)\]$"), what=pl.col("text").str.extract(r"post: (.*)\.$"))
    return {text: found.filter(pl.col("post") == str(n)).select("lane", "what").rows() for n, text in enumerate(texts)}


@pytest.fixture(scope="module")
def everything() -> dict[str, list[tuple[str, str]]]:
    return said(list(SAID))


@pytest.mark.parametrize("text", list(SAID))
def test_what_is_told(text: str, everything: dict[str, list[tuple[str, str]]]) -> None:
    assert sorted(everything[text]) == sorted(SAID[text])


def test_a_text_says_the_same_alone_as_among_others(everything: dict[str, list[tuple[str, str]]]) -> None:
    for text in ("I have a terrible headache today", "Zoloft gave my mom nausea", "forgot my lisinopril again"):
        assert said([text]) == {text: everything[text]}
