"""Places by their GeoNames ids."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.core.errors import SettingsError
from heedful.language.places import PlaceNames

SAID = [
    ("Boston, MA", "US/MA/4930956"), ("Boston MA", "US/MA/4930956"), ("boston", "US/MA/4930956"), ("UK", "GB"), ("Paris", "FR/11/2988507"),
    ("Paris, Texas", "US/TX/4717560"), ("London, Ontario", "CA/08/6058560"), ("London", "GB/ENG/2643743"), ("NYC", "US/NY/5128581"),
    ("New York", "US/NY"), ("Springfield", "US"), ("Toronto, CA", "CA/08/6167865"), ("San Francisco, CA", "US/CA/5391959"),
    ("Atlanta, Georgia", "US/GA/4180439"), ("Tbilisi, Georgia", "GE/51/611717"), ("São Paulo, Brasil", "BR/27/3448439"), ("Reading, UK", "GB/ENG/2639577"),
    ("NYC", "US/NY/5128581"), ("nyc 🗽", "US/NY/5128581"), ("Paris, TX", "US/TX/4717560"), ("Londres", "GB/ENG/2643743"), ("L.A.", "US/CA/5368361"),
    ("Springfield, IL", "US/IL/4250542"), ("SF Bay Area", "US/CA"), ("Philly", "US/PA/4560349"), ("Washington, D.C.", "US/DC/4140963"), ("🇬🇧", "GB"),
    ("🇺🇸 Texas", "US/TX"), ("🇬🇧🇫🇷", ""), ("Nairobi 🇰🇪", "KE/05/184745"), ("München", "DE/02/2867714"), ("Muenchen", "DE/02/2867714"), ("Den Haag", "NL/11/2747373"),
    ("Barcelona, Catalunya", "ES/56/3128760"), ("Nueva York", "US/NY/5128581"), ("Alemania", "DE"), ("Georgia, USA", "US/GA"), ("Cambridge", ""),
    ("Cambridge, MA", "US/MA/4931972"), ("Ontario, CA", "US/CA/5379439"), ("they/them", ""), ("your mom's house", ""), ("planet earth", ""),
    ("reading", ""), ("the moon", ""), ("Earth", ""), ("here and there", ""), ("", ""), ("IN", ""), ("London / Paris", ""), ("Hong Kong", "HK"), (None, ""),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "place"), SAID)
def test_declared(gazetteer: PlaceNames, declared: str | None, place: str) -> None:
    answer = gazetteer.declared(pl.Series([declared], dtype=pl.String))
    assert answer["place"].to_list() == [place]
    assert (answer["confidence"].null_count() == 1) == (place == "")


def test_confidence_follows_how_far_readings_agree(gazetteer: PlaceNames) -> None:
    sure = dict(
        zip(
            ["Paris, TX", "NYC", "Manchester", "Georgia"],
            gazetteer.declared(pl.Series(["Paris, TX", "NYC", "Manchester", "Georgia"]))["confidence"],
            strict=True,
        )
    )
    assert sure["Paris, TX"] > sure["NYC"] > sure["Manchester"] > sure["Georgia"] > 0.45


def test_a_town_named_with_its_region_is_surer_than_alone(gazetteer: PlaceNames) -> None:
    together, alone = gazetteer.declared(pl.Series(["Boston, MA", "Boston"]))["confidence"]
    assert together > alone


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("I live in Boston and have the flu", "US/MA/4930956"),
        ("flu in Paris, Texas", "US/TX/4717560"),
        ("in the USA we have flu", "US"),
        ("in London. In London too", "GB/ENG/2643743"),
        ("from London, now in Tokyo", ""),
        ("in boston", ""),
        ("Boston is nice", ""),
        ("I stayed in bed", ""),
        ("In May I was ill", ""),
        ("", ""),
    ],
)
def test_named(gazetteer: PlaceNames, text: str, place: str) -> None:
    assert gazetteer.named(pl.Series([text])).to_list() == [place]


def test_declared_goes_before_named(gazetteer: PlaceNames) -> None:
    answer = gazetteer.resolve(pl.Series(["UK", None, "the moon", None]), pl.Series(["in Boston", "in Boston", "in Boston", None]))
    assert answer.select("place", "place_how").rows() == [
        ("GB", "declared"),
        ("US/MA/4930956", "named"),
        ("US/MA/4930956", "named"),
        ("", "none"),
    ]
    sure = answer["place_confidence"].to_list()
    assert sure[3] is None
    assert sure[0] > sure[1] == sure[2] > 0.5


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.sampled_from([s for s, _ in SAID]), st.text(max_size=20)), max_size=6))
def test_each_row_is_answered_by_itself(gazetteer: PlaceNames, declared: list[str | None]) -> None:
    said = pl.Series(declared, dtype=pl.String)
    together = gazetteer.resolve(said, said)
    alone = [gazetteer.resolve(said.slice(n, 1), said.slice(n, 1)).row(0) for n in range(len(declared))]
    assert together.rows() == alone


def test_fingerprint_and_columns() -> None:
    names = pl.DataFrame({"name": ["Oz"], "place": ["OZ"], "population": [9], "kind": ["name"]})
    assert PlaceNames(names).fingerprint != PlaceNames(names.with_columns(population=pl.lit(8))).fingerprint
    with pytest.raises(SettingsError, match="lacks kind"):
        PlaceNames(names.drop("kind"))
