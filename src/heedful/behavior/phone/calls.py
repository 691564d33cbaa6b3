"""Calls: how many, with how many people, how long and when, of each kind (incoming, outgoing, missed) in a time segment.

`EPISODES` shares a call out among the segments that it touches; `EVENTS` counts it whole where it began. Durations are seconds, times of
the first and last call minutes after midnight. `countmostfrequentcontact` counts calls with the contact most frequent over all instances
of the segment (where a segment overlaps itself: over every second, third, ... of them, as the peer does). Entropy of durations is Miller
and Madow's. No call: counts and durations are 0, the rest missing.

Contacts must be pseudonyms. Equal to RAPIDS (carissalow/rapids cd01725d, AGPL, its numbers only), phone_calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from heedful.behavior.phone.episodes import shared_out
from heedful.behavior.segments import COMMON_ARGUMENTS, as_case, assign, check_zone, in_study, keyed, local_clock, rows_of, segments_for
from heedful.core.columns import check_arguments
from heedful.core.errors import SettingsError
from heedful.core.registry import Card, method

CODES = {"incoming": 1, "outgoing": 2, "missed": 3}
_BRIEF = ("count", "distinctcontacts", "timefirstcall", "timelastcall", "countmostfrequentcontact")
_FULL = ("count", "distinctcontacts", "meanduration", "sumduration", "minduration", "maxduration", "stdduration", "modeduration",
         "entropyduration", "timefirstcall", "timelastcall", "countmostfrequentcontact")  # fmt: skip
_ZERO = ("count", "distinctcontacts", "countmostfrequentcontact", "meanduration", "sumduration", "minduration", "maxduration",
         "modeduration")  # fmt: skip


def call_features(calls: pl.DataFrame, kinds: tuple[str, ...], zone: str) -> pl.DataFrame:
    """Features of each segment with a call of one of the kinds.

    `calls` has one row a call and segment: the segment's columns, `row`, `call_type`, `trace` (contact), `begin_ms`, `duration_s`.
    """
    ordered = calls.sort("row", "name", maintain_order=True).with_columns(begin=local_clock("begin_ms", zone))
    codes = [CODES[kind] for kind in kinds]
    out = keyed(calls.filter(pl.col("call_type").is_in(codes)))
    for kind in kinds:
        found = _of_kind(ordered.filter(pl.col("call_type") == CODES[kind]))
        names = _BRIEF if kind == "missed" else _FULL
        found = found.select(pl.col("name").alias("local_segment"), *(pl.col(name).alias(f"{kind}_{name}") for name in names))
        out = out.join(found, on="local_segment", how="left")
    return out.with_columns(pl.selectors.matches(f"_({'|'.join(_ZERO)})$").fill_null(0))


def _of_kind(calls: pl.DataFrame) -> pl.DataFrame:
    seconds, contact = pl.col("duration_s"), pl.col("trace")
    share = seconds.filter(seconds > 0) / seconds.sum()
    minute = pl.col("begin").dt.hour().cast(pl.Float64) * 60 + pl.col("begin").dt.minute()
    counted = calls.with_columns(of_contact=pl.len().over("series", "trace"), of_duration=pl.len().over("name", "duration_s")).with_columns(
        favorite=contact.sort_by("of_contact", descending=True, maintain_order=True).first().over("series")
    )  # fmt: skip
    return counted.group_by("name", maintain_order=True).agg(
        count=pl.len().cast(pl.Int64), distinctcontacts=contact.n_unique().cast(pl.Int64), meanduration=seconds.mean(),
        sumduration=seconds.sum(), minduration=seconds.min(), maxduration=seconds.max(), stdduration=seconds.std(),
        modeduration=seconds.sort_by("of_duration", descending=True, maintain_order=True).first(),
        entropyduration=pl.when(seconds.sum() > 0).then(((seconds > 0).sum() - 1) / (2 * seconds.sum()) - (share * share.log()).sum()),
        timefirstcall=minute.first(), timelastcall=minute.last(),
        countmostfrequentcontact=(contact == pl.col("favorite")).sum().cast(pl.Int64),
    )  # fmt: skip


@method(Card(
    name="features.calls",
    definition="Number, contacts, durations and times of a phone's incoming, outgoing and missed calls in a time segment.",
    units="1; s; min after midnight",
    reference="Vega et al. 2021, Front Digit Health 3:769823 (RAPIDS)",
    equals="RAPIDS cd01725d phone_calls, its own test file, within 1e-9",
    limits="Calls of other apps are not seen; contacts must be pseudonyms before they come here.",
))  # fmt: skip
def run_calls(arguments: Mapping[str, Any], inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """A parity case: one row a segment with a call."""
    check_arguments("features.calls", arguments, {"features_type", "call_types"} | COMMON_ARGUMENTS)
    kinds = tuple(str(kind) for kind in arguments.get("call_types", CODES))
    unknown = sorted(set(kinds) - set(CODES))
    if unknown or not kinds:
        raise SettingsError(f"Calls of the kinds {', '.join(unknown) or 'none'} are not known; choose of {', '.join(CODES)}.")
    shape = str(arguments.get("features_type", "EPISODES"))
    if shape not in ("EPISODES", "EVENTS"):
        raise SettingsError(f"features_type {shape!r} is not known; choose EPISODES or EVENTS.")
    calls = rows_of(inputs["raw"], arguments).with_columns(pl.col("call_type").cast(pl.Int64), pl.col("trace").cast(pl.String))
    if calls.is_empty():
        return {}
    zone = check_zone(str(arguments.get("timezone", "UTC")))
    placed = (_shared if shape == "EPISODES" else _whole)(calls, inputs["time_segments"], arguments)
    return as_case(call_features(placed, kinds, zone), "phone_calls_rapids_") if placed.height else {}


def _shared(calls: pl.DataFrame, segments: pl.DataFrame, arguments: Mapping[str, Any]) -> pl.DataFrame:
    length = (pl.col("call_duration").cast(pl.Float64) * 1000).cast(pl.Int64)
    episodes = calls.select("row", "call_type", "trace", begin_ms="at_ms", finish_ms=pl.col("at_ms") + length)
    placed = shared_out(episodes, segments, arguments)
    return placed.with_columns(duration_s=(pl.col("finish_ms") - pl.col("begin_ms")) / 1000) if placed.height else placed


def _whole(calls: pl.DataFrame, segments: pl.DataFrame, arguments: Mapping[str, Any]) -> pl.DataFrame:
    placed = assign(in_study(calls, arguments), segments_for(calls, segments, arguments))
    in_time = placed.sort("at_ms", maintain_order=True).with_columns(pl.int_range(pl.len()).alias("row"))
    return in_time.with_columns(begin_ms="at_ms", duration_s=pl.col("call_duration").cast(pl.Float64))
