"""Where a person's day was spent, coarse on purpose: time at home, places, entropy, radius of gyration, distances.

Written to a table of its own (`context_features`), seen only under a consent that names *location*; nothing else reads it, so that whoever
keeps their places to themselves loses no other feature. A position becomes a cell of a hundredth of a degree (about 1.1 km from north to
south) whatever fineness was stored: streets and doors are never told apart.

The day is cut into 144 pieces of ten minutes of local time. A piece lies where the last position in it lies; a piece without one lies where
the last before it lay, for at most an hour; otherwise it is not known, and never counted as anywhere. Of several phones the one with most
pieces on the day speaks (then the first by name). *Home* is the cell in which most pieces of the nights (22:00 to 7:00) of the 28 days up
to the day lie, of several the one farthest south, then west, if at least three nights are known; being at home includes the cells that
touch it, as a house may stand at an edge. Positions at 0° north 0° east are a phone's way to know nothing.

With the pieces as visits, entropy, radius of gyration and distance equal those of `mobility`, hence scikit-mobility 1.3.1.

González et al. 2008, Nature 453:779; Song et al. 2010, Science 327:1018; home stay: Saeb et al. 2015, J Med Internet Res 17:e175.
"""

from __future__ import annotations

import polars as pl

from heedful.behavior.mobility import EARTH_RADIUS_KM
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P
from heedful.core.schemas import ContextFeatures, Observations

CODES_READ = ("latitude", "longitude")
CELLS_A_DEGREE = 100
PIECES, PIECE_MINUTES, HELD_PIECES = 144, 10, 6
NIGHT_UNTIL, NIGHT_FROM = 42, 132
"""Pieces before 7:00 and from 22:00 are of the night."""
HOME_DAYS, LEAST_NIGHTS = 28, 3
LEAST_PIECES, STAY_PIECES, RETURNS = 48, 3, 2
FEATURES = {
    "home_stay_share[28]": "%", "distance_from_home[max]": "km", "radius_of_gyration": "km", "location_entropy": "bit",
    "distance_travelled[straight]": "km", "places[stay_30]": "{places}", "significant_places[28]": "{places}",
}  # fmt: skip
_DAY, _CELL = ["person", "day"], ["south", "west"]


@derivation(
    reads=(Observations,), writes=ContextFeatures, by=("person", "day"), lookback=HOME_DAYS - 1, only={"observations": CODES_READ},
    version=1,
)  # fmt: skip
def daily_places(observations: Frame[Consented[P], Observations]) -> Frame[Consented[P], ContextFeatures]:
    """The features `FEATURES` of each local day with positions.

    Coverage: share of the 144 pieces whose place is known. Missing as `too_short` below a third, or, of home, with fewer than three nights
    in 28 days; as `implausible` where no position is on Earth.
    """
    told = observations.data.filter(pl.col("code").is_in(CODES_READ))
    pieces = _pieces(told)
    cells = pieces.group_by(*_DAY, *_CELL).agg(
        pieces=pl.len(), night=((pl.col("piece") < NIGHT_UNTIL) | (pl.col("piece") >= NIGHT_FROM)).sum()
    )
    days = told.select(_DAY).unique()
    for part in (_spread(cells), _moved(pieces), _known_places(cells, days), _at_home(cells, days)):
        days = days.join(part, on=_DAY, how="left")
    return observations.derive(ContextFeatures, _rows(days).sort(*_DAY, "feature"))


def _pieces(told: pl.DataFrame) -> pl.DataFrame:
    """The known pieces: person, day, piece, and its cell by its number from the south and from the west."""
    key = ["person", "day", "device", "start_at", "row"]
    halves = [told.filter(pl.col("code") == code).select(*key, "offset_minutes", pl.col("value").alias(code)) for code in CODES_READ]
    at = pl.col("start_at").dt.epoch("us") // 60_000_000 + pl.col("offset_minutes") - pl.col("day").to_physical().cast(pl.Int64) * 1440
    sound = pl.col("latitude").is_between(-90, 90) & pl.col("longitude").is_between(-180, 180)
    placed = halves[0].join(halves[1].drop("offset_minutes"), on=key).filter(
        sound & ((pl.col("latitude") != 0) | (pl.col("longitude") != 0)), at.is_between(0, 1439)
    ).select(
        *_DAY, "device", "start_at", "row", piece=(at // PIECE_MINUTES).cast(pl.Int32),
        south=(pl.col("latitude") * CELLS_A_DEGREE).round().cast(pl.Int32),
        west=(pl.col("longitude") * CELLS_A_DEGREE).round().cast(pl.Int32),
    )  # fmt: skip
    by_device = placed.sort("start_at", "row", *_CELL).group_by(*_DAY, "device", "piece", maintain_order=True).last()
    best = by_device.group_by(*_DAY, "device").agg(pieces=pl.len()).sort(*_DAY, "pieces", "device", descending=[False, False, True, False])
    of_best = by_device.join(best.unique(_DAY, keep="first", maintain_order=True).drop("pieces"), on=[*_DAY, "device"], how="semi")
    return _held(of_best.select(*_DAY, "piece", *_CELL))


def _held(pieces: pl.DataFrame) -> pl.DataFrame:
    """Each piece with a position, and those after it until the next, at most `HELD_PIECES` and not past midnight."""
    following = pl.col("piece").shift(-1).over(_DAY, order_by="piece").fill_null(PIECES)
    until = pl.min_horizontal(following, pl.col("piece") + 1 + HELD_PIECES, pl.lit(PIECES, pl.Int32))
    spans = pieces.with_columns(piece=pl.int_ranges("piece", until, dtype=pl.Int32))
    return spans.explode("piece", empty_as_null=False, keep_nulls=False).sort(*_DAY, "piece")


def _spread(cells: pl.DataFrame) -> pl.DataFrame:
    """Entropy over cells and radius of gyration, weighted by pieces, and how many are known."""
    weight, latitude, longitude = pl.col("pieces").cast(pl.Float64), *(pl.col(name) / CELLS_A_DEGREE for name in _CELL)
    share = weight / weight.sum().over(_DAY)
    placed = cells.with_columns(share=share, to_south=(share * latitude).sum().over(_DAY), to_west=(share * longitude).sum().over(_DAY))
    away = _kilometers(latitude, longitude, pl.col("to_south"), pl.col("to_west"))
    return placed.group_by(_DAY).agg(
        pl.col("pieces").sum(), location_entropy=-(pl.col("share") * pl.col("share").log(2)).sum(),
        radius_of_gyration=(pl.col("share") * away**2).sum().sqrt(),
    ).with_columns(pl.col("location_entropy") + 0.0)  # fmt: skip


def _moved(pieces: pl.DataFrame) -> pl.DataFrame:
    """Kilometers in straight lines from piece to piece."""
    here = [pl.col(name) / CELLS_A_DEGREE for name in _CELL]
    before = [(pl.col(name) / CELLS_A_DEGREE).shift().over(_DAY, order_by="piece") for name in _CELL]
    jumps = pieces.select(*_DAY, jump=_kilometers(*before, *here))
    return jumps.group_by(_DAY).agg(pl.col("jump").sum().alias("distance_travelled[straight]"))


def _known_places(cells: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Cells in which half an hour was spent: on the day, and on two or more of the 28 days up to it."""
    stays = cells.filter(pl.col("pieces") >= STAY_PIECES)
    today = stays.group_by(_DAY).agg(pl.len().alias("places[stay_30]"))
    again = _window(stays, days).group_by(*_DAY, *_CELL).agg(times=pl.len()).filter(pl.col("times") >= RETURNS)
    often = again.group_by(_DAY).agg(pl.len().alias("significant_places[28]"))
    counted = days.join(today, on=_DAY, how="left").join(often, on=_DAY, how="left")
    return counted.with_columns(pl.col("places[stay_30]", "significant_places[28]").fill_null(0))


def _at_home(cells: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Share of the known pieces in or beside the home cell, and how far from it the farthest cell lies; only of days with a home."""
    nights = _window(cells.filter(pl.col("night") > 0), days)
    known = nights.group_by(_DAY).agg(nights=pl.col("then").n_unique()).filter(pl.col("nights") >= LEAST_NIGHTS)
    summed = (
        nights.group_by(*_DAY, *_CELL)
        .agg(pl.col("night").sum())
        .sort(*_DAY, "night", *_CELL, descending=[False, False, True, False, False])
    )
    home = (
        summed.group_by(_DAY, maintain_order=True)
        .first()
        .join(known, on=_DAY, how="semi")
        .select(*_DAY, home_south="south", home_west="west")
    )
    around = (pl.col("west") - pl.col("home_west")).abs()
    beside = ((pl.col("south") - pl.col("home_south")).abs() <= 1) & ((around <= 1) | (around >= 360 * CELLS_A_DEGREE - 1))
    away = _kilometers(*(pl.col(name) / CELLS_A_DEGREE for name in ("home_south", "home_west", *_CELL)))
    return cells.join(home, on=_DAY).group_by(_DAY).agg(
        (100 * pl.col("pieces").filter(beside).sum() / pl.col("pieces").sum()).alias("home_stay_share[28]"),
        away.max().alias("distance_from_home[max]"),
    )  # fmt: skip


def _window(cells: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Every day beside the cells of the 28 days up to it, whose day is `then`."""
    beside = days.join(cells.rename({"day": "then"}), on="person")
    return beside.filter((pl.col("then") <= pl.col("day")) & (pl.col("then") > pl.col("day") - pl.duration(days=HOME_DAYS)))


def _kilometers(from_lat: pl.Expr, from_lon: pl.Expr, to_lat: pl.Expr, to_lon: pl.Expr) -> pl.Expr:
    """Great-circle distance between degrees, as `mobility.distance_km`."""
    half = ((to_lat - from_lat).radians() / 2).sin() ** 2 + from_lat.radians().cos() * to_lat.radians().cos() * (
        (to_lon - from_lon).radians() / 2
    ).sin() ** 2
    return EARTH_RADIUS_KM * 2 * pl.arctan2(half.sqrt(), (1 - half).clip(lower_bound=0).sqrt())


def _rows(days: pl.DataFrame) -> pl.DataFrame:
    known = pl.col("pieces").fill_null(0)
    parts = []
    for name, unit in FEATURES.items():
        missing = (
            pl.when(known == 0).then(pl.lit("implausible"))
            .when((known < LEAST_PIECES) | pl.col(name).is_null()).then(pl.lit("too_short")).otherwise(pl.lit(""))
        )  # fmt: skip
        parts.append(days.select(
            *_DAY, feature=pl.lit(name), value=pl.when(missing == "").then(pl.col(name).cast(pl.Float64)), unit=pl.lit(unit),
            coverage=known / PIECES, missing=missing,
        ))  # fmt: skip
    return pl.concat(parts)
