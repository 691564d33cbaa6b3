from __future__ import annotations

import polars as pl
import pytest

from heedful.core.errors import SettingsError
from heedful.simulate.town import Size, build

SMALL = Size(posters=400, days=60, participants=12, watches=6, posts=6_000)


def test_the_same_seed_gives_the_same_town_and_another_seed_another_one() -> None:
    one, again, other = build(3, SMALL), build(3, SMALL), build(4, SMALL)
    assert one.posters.equals(again.posters)
    assert one.people.equals(again.people)
    assert (one.illnesses, one.outbreaks) == (again.illnesses, again.outbreaks)
    assert not one.posters.equals(other.posters)


def test_outbreaks_hit_their_place_alone_and_about_as_many_as_their_rate_says() -> None:
    town = build(7)
    for outbreak in town.outbreaks:
        residents = (town.posters["place"] == outbreak.place).sum()
        expected, spread = residents * outbreak.attack_rate, (residents * outbreak.attack_rate * (1 - outbreak.attack_rate)) ** 0.5
        assert abs(outbreak.ill_posters - expected) < 4 * spread
        assert town.size.first_day <= outbreak.first_day < outbreak.last_day <= town.day(town.size.days - 1)
    places = town.posters["place"].gather(town.ill_posters["who"].cast(pl.UInt32))
    assert set(places) == {outbreak.place for outbreak in town.outbreaks}


def test_every_kind_of_participant_is_there() -> None:
    people = build(7).people
    for column in ("watch", "phone", "responder", "irregular", "poor_refills", "pillbox"):
        assert 0 < people[column].sum() < people.height, column
    assert people.filter(pl.col("watch") & pl.col("phone")).height > 0
    assert build(7).illnesses


@pytest.mark.parametrize("size", [{"days": 7}, {"posters": 3}, {"watches": 50}, {"participants": 2, "watches": 1}])
def test_a_town_too_small_to_tell_a_story_is_refused(size: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="at least 28 days"):
        Size(**size)
