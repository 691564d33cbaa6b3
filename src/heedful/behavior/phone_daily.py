"""How a phone was used on a day: unlocks and minutes unlocked, calls, messages, apps, speech around it. Counts only, never contents.

Written to a table of its own (`context_features`), seen only under a consent that names *phone*; nothing else reads it.

Zero or missing. A sensor that was never switched on reports nothing, as does a quiet day. A feature is told of a day on which the phone
gave any sign (screen, battery, light, …) if its own sensor spoke on that day or the six before; then no row means none. But where the
phone gave signs in fewer than four hours of the day, a zero is missing as `too_short`: nobody knows what the rest of the day was like.

Unlocked is the time from an unlock to the next lock or screen-off of the same phone, cut at local midnight; an unlock that is followed by
another, or by nothing within six hours, has no known end and counts as an unlock only. Calls and messages count whole on the day of their
begin. People called are told apart by pseudonyms that the platform gave; a day with a call without one has no number of contacts.

Numbers and durations of calls equal RAPIDS (Vega et al. 2021, Front Digit Health 3:769823) with one segment a day and EVENTS.
"""

from __future__ import annotations

import polars as pl

from heedful.core.codes import CODES
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import ContextFeatures, Observations

CODES_READ = tuple(sorted(name for name, code in CODES.items() if code.kind == "phone"))
SENSOR_DAYS, LEAST_HOURS, LONGEST_MINUTES = 7, 4, 360
FEATURES = {
    "screen_unlocks": "{unlocks}", "screen_minutes[unlocked]": "min", "calls[incoming]": "{calls}", "calls[outgoing]": "{calls}",
    "calls[missed]": "{calls}", "call_minutes[incoming]": "min", "call_minutes[outgoing]": "min", "call_contacts": "{contacts}",
    "messages[received]": "{messages}", "messages[sent]": "{messages}", "apps_used": "{apps}", "conversation_minutes": "min",
}  # fmt: skip
_SENSOR = {
    "screen_unlocks": "unlocked", "screen_minutes[unlocked]": "unlocked", "apps_used": "app_use", "conversation_minutes": "conversation",
    **{name: "phone_call" for name in FEATURES if name.startswith("call")},
    **{name: "phone_message" for name in FEATURES if name.startswith("messages")},
}  # fmt: skip
_DAY = ["person", "day"]


@derivation(
    reads=(Observations,), writes=ContextFeatures, by=("person", "day"), lookback=SENSOR_DAYS - 1, lookahead=1,
    only={"observations": CODES_READ}, version=1,
)  # fmt: skip
def daily_phone(observations: Frame[Consented[P], Observations]) -> Frame[Consented[P], ContextFeatures]:
    """The features `FEATURES` of each local day with a sign of the phone, as far as their sensors speak.

    Coverage: share of the 24 hours with a sign. Missing as `too_short`: a zero with fewer than four such hours.
    """
    told = observations.data.filter(pl.col("code").is_in(CODES_READ)).with_columns(minute=_local_minute())
    days = told.group_by(_DAY).agg(hours=(pl.col("minute") // 60).n_unique())
    counted = days.join(_counts(told), on=_DAY, how="left").join(_unlocked(told), on=_DAY, how="left")
    parts = [
        _feature(counted, sensed, name) for sensor, sensed in _sensed(told, days).items() for name in FEATURES if _SENSOR[name] == sensor
    ]
    return observations.derive(ContextFeatures, pl.concat(parts).sort(*_DAY, "feature"))


def _local_minute() -> pl.Expr:
    """Minutes since local midnight of the row's day."""
    return pl.col("start_at").dt.epoch("us") // 60_000_000 + pl.col("offset_minutes") - pl.col("day").to_physical().cast(pl.Int64) * 1440


def _sensed(told: pl.DataFrame, days: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """By sensor the days that it speaks of: those with a sign of the phone, and a row of it then or on the six days before."""
    found = {}
    for sensor in dict.fromkeys(_SENSOR.values()):
        mine = pl.col("value_code") == sensor if sensor == "unlocked" else pl.col("code") == sensor
        spoke = told.filter(mine).select("person", then="day").unique()
        near = days.select(_DAY).join(spoke, on="person").filter(
            (pl.col("then") <= pl.col("day")) & (pl.col("then") > pl.col("day") - pl.duration(days=SENSOR_DAYS))
        )  # fmt: skip
        found[sensor] = near.select(_DAY).unique()
    return found


def _counts(told: pl.DataFrame) -> pl.DataFrame:
    """What is counted or added up on the day on which it began."""
    code, kind, call = pl.col("code"), pl.col("value_code"), pl.col("code") == "phone_call"
    minutes = pl.when(pl.col("value").is_between(0, 86_400)).then(pl.col("value") / 60)
    contact = pl.col("extra").str.json_path_match("$.contact").replace("", None)
    return told.group_by(_DAY).agg(
        ((code == "screen_event") & (kind == "unlocked")).sum().alias("screen_unlocks"),
        *((call & (kind == way)).sum().alias(f"calls[{way}]") for way in ("incoming", "outgoing", "missed")),
        *(minutes.filter(call, kind == way).sum().alias(f"call_minutes[{way}]") for way in ("incoming", "outgoing")),
        pl.when(contact.filter(call).null_count() == 0).then(contact.filter(call).n_unique()).alias("call_contacts"),
        *(((code == "phone_message") & (kind == way)).sum().alias(f"messages[{way}]") for way in ("received", "sent")),
        kind.filter(code == "app_use").n_unique().alias("apps_used"),
        minutes.filter(code == "conversation").sum().alias("conversation_minutes"),
    )


def _unlocked(told: pl.DataFrame) -> pl.DataFrame:
    """Minutes unlocked of each day: those of the evening's last use after midnight belong to the next."""
    events = told.filter(pl.col("code") == "screen_event", pl.col("value_code").is_in(["unlocked", "locked", "off"]))
    ordered = events.sort("person", "device", "start_at", "value_code", "row")
    later = [pl.col(name).shift(-1).over("person", "device") for name in ("value_code", "start_at")]
    uses = ordered.select(
        *_DAY, "value_code", "minute", after=later[0], length=(later[1] - pl.col("start_at")).dt.total_seconds(fractional=True) / 60
    ).filter((pl.col("value_code") == "unlocked") & (pl.col("after") != "unlocked") & (pl.col("length") <= LONGEST_MINUTES))
    until_midnight = pl.min_horizontal("length", 1440.0 - pl.col("minute"))
    today = uses.select(*_DAY, minutes=until_midnight)
    tomorrow = uses.select("person", pl.col("day").dt.offset_by("1d"), minutes=pl.col("length") - until_midnight)
    both = pl.concat([today, tomorrow]).filter(pl.col("minutes") > 0)
    return both.group_by(_DAY).agg(pl.col("minutes").sum().alias("screen_minutes[unlocked]"))


def _feature(counted: pl.DataFrame, sensed: pl.DataFrame, name: str) -> pl.DataFrame:
    told = counted.join(sensed, on=_DAY, how="semi").filter(pl.col(name).is_not_null() | (name != "call_contacts"))
    value = pl.col(name).cast(pl.Float64).fill_null(0.0)
    missing = pl.when((value == 0) & (pl.col("hours") < LEAST_HOURS)).then(pl.lit("too_short")).otherwise(pl.lit(""))
    return told.select(
        *_DAY, feature=pl.lit(name), value=pl.when(missing == "").then(value), unit=pl.lit(FEATURES[name]), coverage=pl.col("hours") / 24,
        missing=missing,
    )  # fmt: skip
