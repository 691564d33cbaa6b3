"""Where rows of the language room come from, in plain words; and what is never told of a public author."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
from tests.loops.posted_site import post, posted_site

from heedful.core.errors import LabelError
from heedful.core.labels import Public
from heedful.core.row_ids import row_id, row_ids
from heedful.core.schemas import Claims, Experiences, Mentions, PeopleMentions, Schema, TextLabels, Voices
from heedful.language.crisis import CRISIS_CONCEPTS
from heedful.loops.explain import Explanation, explain
from heedful.loops.site import Site

COPIED = "Since the new tablets I have a terrible headache for three weeks now so please share this with everyone you love and care for"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    posts = [
        post("ann", "Effexor gave me brain fuzz and zombie legs, plus nausea"),
        post("bo", "does garlic cure the flu? my aunt swears by it"),
        post("cy", "some days I want to die, and I have a headache"),
        post("cy", "Zoloft made me suicidal, I had to stop taking it", 60),
        *(post(f"c{n}", COPIED + "!" * (n % 3), 17 * n) for n in range(20)),
    ]
    made = posted_site(tmp_path_factory.mktemp("site") / "data", posts, ["Garlic cures the flu."])
    yield made
    made.close()


def found(site: Site, schema: type[Schema], *those: pl.Expr) -> Explanation:
    rows = site.engine.table(schema, Public).data.filter(*those)
    return explain(site, [row_ids(rows, schema)[0]])


def test_a_span_of_the_tagger(site: Site) -> None:
    told = found(site, Mentions, pl.col("author") == "ann", pl.col("concept") == "")
    assert told.row["surface"] in ("brain fuzz", "zombie legs")
    assert 0 < told.row["probability"] <= 1
    assert any("derivation mentions" in line for line in told.said)
    assert any("used the taggers" in line for line in told.said)
    assert [(table, n) for table, n, _ in told.behind] == [("posts", 1)]


def test_a_label_of_a_head(site: Site) -> None:
    told = found(site, TextLabels, pl.col("author") == "ann", pl.col("label") == "ADR")
    assert told.row["head"] == "treatment"
    assert any("used the heads" in line for line in told.said)
    assert told.behind[0][2]["author"].to_list() == ["ann"]


def test_a_claim_with_its_evidence(site: Site) -> None:
    told = found(site, Claims, pl.col("author") == "bo")
    assert "garlic" in str(told.row).lower()
    assert any("derivation claims" in line for line in told.said)


def test_a_flagged_voice_says_why_first(site: Site) -> None:
    told = found(site, Voices, pl.col("author") == "c3")
    assert told.row["flag"] == "copy_paste"
    assert told.said[0] == told.row["why"]


def test_words_of_crisis_are_not_shown_of_a_public_author(site: Site) -> None:
    for schema, column in ((Mentions, "concept"), (PeopleMentions, "concept"), (Experiences, "effect")):
        rows = site.engine.table(schema, Public).data.filter(pl.col(column).is_in(CRISIS_CONCEPTS))
        assert rows.height, schema
        for row in rows.iter_rows(named=True):
            with pytest.raises(LabelError, match="only counts"):
                explain(site, [row_id(schema, row)])


def test_nor_behind_another_row(site: Site) -> None:
    told = found(site, PeopleMentions, pl.col("author") == "cy", pl.col("concept") == "HP:0002315")
    assert told.behind
    for _, _, rows in told.behind:
        assert not {"HP:0031589"} & set(rows["concept"] if "concept" in rows.columns else [])
