"""What is said of the devices behind a number."""

from __future__ import annotations

import polars as pl

from heedful.behavior.devices import TODAY, DeviceTrust
from heedful.core.schemas import Features, Observations
from heedful.loops.believed import believed

ROWS = pl.DataFrame(
    {"code": ["steps", "steps", "sleep_stage", "steps"], "device": ["iPhone", "Apple Watch", "Fitbit", "diary"],
     "how": ["measured", "measured", "measured", "self_reported"]}
)  # fmt: skip


def test_the_order_and_its_rule_are_said() -> None:
    inputs = [((Observations, None), ROWS), ((Features, None), pl.DataFrame())]
    assert believed(inputs, TODAY) == [
        "Its sleep_stage is all of Fitbit (the vendor's own derivation).",
        "For steps the devices are believed in this order: Apple Watch, then iPhone, then diary; a watch, band or ring before a phone, a phone "
        "before others, reports last.",
    ]
    declared = DeviceTrust((("steps", ("iphone",)),))
    assert believed(inputs, declared)[1].startswith(
        "For steps the devices are believed in this order: iPhone, then Apple Watch, then diary; as [devices]"
    )
    assert believed([((Features, None), ROWS)], TODAY) == []
