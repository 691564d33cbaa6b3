"""US places: all states and territories, each once."""

from __future__ import annotations

from heedful.sources.series.us_places import BY_FIPS, BY_NAME, us_place


def test_every_state_has_a_code_a_number_and_a_name() -> None:
    states = {place for place in BY_FIPS.values() if place != "US"}
    assert len(states) == 56
    assert states == {place for place in BY_NAME.values() if place != "US"}
    assert (BY_FIPS["36"], BY_FIPS["72"], us_place("District of Columbia")) == ("US/NY", "US/PR", "US/DC")
