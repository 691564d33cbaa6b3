"""Where a text comes from: the place its author declares, else the one place that it names."""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from heedful.core.errors import SettingsError
from heedful.language.matching import build_index, find
from heedful.language.rules import ROLES, RULE_COLUMNS

if TYPE_CHECKING:
    from heedful.language.kernels.index import Index

NAME_COLUMNS = {"name": pl.String, "place": pl.String, "population": pl.Int64, "kind": pl.String}
SURE = 0.45
"""Least confidence at which a place counts."""
NAMED = 0.8
"""How far a place that a text names is its writer's, beside one that the writer declares."""

_LOCATIVES = ("in", "from", "near", "around", "at", "outside", "across", "here in", "live in", "lives in", "living in", "moved to")
_MOST_ANSWERED = 50_000
"""Declared places whose answers are kept in memory."""
_LONGEST = 120
"""Characters of a declared place that are read."""
_BETWEEN = r"[,/|;•·\n()\[\]→–—]|\s-\s|\band\b"
_ABOUT = r"^(?:greater|downtown|central|near|just outside|outside|somewhere in|living in|based in|born in|from|in|north|south|east|west) "
_SHARE = 0.6
"""Least share of people that one reading of an ambiguous name must have; else the place above that all but few agree on counts."""


@dataclass(frozen=True, eq=False)
class PlaceNames:
    """Names of places; a `heedful.core.places.Gazetteer`.

    Parameters
    ----------
    names: columns name, place (code: US, US/NY, US/NY/5128581; region '-' where a country has none), population, kind: 'name';
        'code' (ON, USA: counts only beside a town) or 'weak' (an ordinary word: such a name counts only beside its region or country).

    Raises `SettingsError` on a missing column.
    """

    names: pl.DataFrame

    def __post_init__(self) -> None:
        lost = [name for name in NAME_COLUMNS if name not in self.names.columns]
        if lost:
            raise SettingsError(f"The table of places lacks {', '.join(lost)}. Its columns are {', '.join(NAME_COLUMNS)}.")

    @functools.cached_property
    def fingerprint(self) -> str:
        """Changes with any name, and with the Unicode version that folds them."""
        content = unicodedata.unidata_version + self.names.select(pl.col(list(NAME_COLUMNS)).cast(pl.String)).write_csv()
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def resolve(self, declared: pl.Series, text: pl.Series) -> pl.DataFrame:
        """Columns place ("" if none), place_how (declared, named or none) and place_confidence (0 to 1; null if none), a row a text: the
        declared place, else the one named. A place is named less surely than declared: a text may speak of elsewhere (`NAMED`)."""
        rows = pl.DataFrame({"declared": declared.cast(pl.String), "text": text.cast(pl.String)}).with_row_index("row")
        told = self._of_declared(rows["declared"])
        rows = rows.with_columns(place=told["place"], confidence=told["confidence"])
        silent = rows.filter(pl.col("place") == "", pl.col("text").is_not_null())
        found = self.placed(silent["text"])
        named = silent.select("row").hstack(found.select(named="place", said_confidence="confidence"))
        rows = rows.join(named, on="row", how="left", maintain_order="left").with_columns(pl.col("named").fill_null(""))
        is_declared, is_named = pl.col("place") != "", pl.col("named") != ""
        return rows.select(
            place=pl.when(is_declared).then("place").otherwise("named"),
            place_how=pl.when(is_declared).then(pl.lit("declared")).when(is_named).then(pl.lit("named")).otherwise(pl.lit("none")),
            place_confidence=pl.when(is_declared).then("confidence").when(is_named).then("said_confidence"),
        )

    def declared(self, declared: pl.Series) -> pl.DataFrame:
        """Places as people declare them: columns place ("" if none) and confidence (0 to 1; null if none), a row a text.

        "Boston, MA" is sure by its state; "Boston" alone is the larger one, less surely; "Springfield" is only "US"; "the moon" is none.
        """
        return self._of_declared(declared.cast(pl.String))

    def named(self, text: pl.Series) -> pl.Series:
        """The place that a text names after a word such as 'in' or 'from', with a capital; "" if none or more than one."""
        return self.placed(text)["place"]

    def placed(self, text: pl.Series) -> pl.DataFrame:
        """`named` with its confidence: columns place ("" if none) and confidence (null if none), a row a text."""
        found = find(text, self._index).filter(pl.col("role") == ROLES.index("located")).sort("post", "start")
        bytes_ = text.gather(found["post"]).cast(pl.Binary)
        found = found.with_columns(text=bytes_).with_columns(
            capital=pl.col("text").bin.slice("start", pl.col("end") - pl.col("start")).cast(pl.String).str.contains(r"^(?:the )?\p{Lu}")
        )
        found = found.filter("capital")
        near = (pl.col("start") - pl.col("end").shift(1).over("post")) <= 2  # "in Paris, Texas" is one place
        joined = found.with_columns(part=(~near.fill_null(False)).cum_sum().over("post"))
        joined = joined.group_by("post", "part").agg(pl.col("text").first(), pl.col("start").min(), pl.col("end").max())
        said = joined.select("post", said=pl.col("text").bin.slice("start", pl.col("end") - pl.col("start")).cast(pl.String))
        said = said.hstack(self._of_declared(said["said"]).select("place", "confidence"))
        one = said.group_by("post").agg(pl.col("place").unique(), pl.col("confidence").max()).filter(pl.col("place").list.len() == 1)
        rows = pl.DataFrame({"post": pl.int_range(text.len(), dtype=pl.Int32, eager=True)})
        one = one.select("post", place=pl.col("place").list.first(), confidence=(NAMED * pl.col("confidence")))
        return rows.join(one, on="post", how="left", maintain_order="left").select(pl.col("place").fill_null(""), "confidence")

    @functools.cached_property
    def _index(self) -> Index:
        weak = self._known.filter(pl.col("kind") == "weak")["name"]
        strong = self.names.filter(pl.col("kind") == "name", pl.col("name").str.len_chars() >= 4, ~_folded("name").is_in(weak.to_list()))
        names = strong["name"].unique(maintain_order=True)
        rules = pl.DataFrame({"phrase": _LOCATIVES}).with_columns(kind=pl.lit("located"), side=pl.lit("before"), window=pl.lit(0, pl.Int32))
        types = pl.Series(["place"] * names.len(), dtype=pl.String)
        return build_index(names, types, rules.select(*RULE_COLUMNS))

    @functools.cached_property
    def _known(self) -> pl.DataFrame:
        """Folded names with their places; a place at several spellings once; a name that is weak is so for all its places."""
        known = self.names.select(_folded("name"), "place", pl.col("population").clip(1).cast(pl.Float64), "kind")
        known = pl.concat([known, self._flags.select("name", "place", "population", kind=pl.lit("name"))])
        known = known.group_by("name", "place").agg(pl.col("population").max(), pl.col("kind").sort().last())
        return known.with_columns(kind=pl.when((pl.col("kind") == "weak").any().over("name")).then(pl.lit("weak")).otherwise("kind"))

    @functools.cached_property
    def _flags(self) -> pl.DataFrame:
        """Flags of countries as people put them beside their names: columns flag, name (which stands for it), place, population."""
        lands = (
            self.names.filter(pl.col("place").str.contains("^[A-Z]{2}$")).group_by("place").agg(pl.col("population").max().cast(pl.Float64))
        )
        lands = lands.sort("place").with_columns(name=pl.lit("flag of ") + pl.col("place").str.to_lowercase())
        flags = ["".join(chr(0x1F1E6 + ord(letter) - 65) for letter in place) for place in lands["place"]]
        return lands.with_columns(pl.Series("flag", flags, dtype=pl.String), pl.col("population").clip(1))

    def _unflagged(self, declared: pl.Series) -> pl.Series:
        """Flags as names between bars; the others as they are."""
        flags = self._flags
        waving = declared.str.contains("[\U0001f1e6-\U0001f1ff]").fill_null(value=False)
        if not waving.any() or not flags.height:
            return declared
        said = declared.str.replace_many(flags["flag"].to_list(), ("|" + flags["name"] + "|").to_list())
        return pl.select(pl.when(waving).then(said).otherwise(declared)).to_series()

    def _of_declared(self, declared: pl.Series) -> pl.DataFrame:
        rows = pl.DataFrame({"said": declared})
        if rows["said"].null_count() == rows.height:
            return rows.with_columns(place=pl.lit(""), confidence=pl.lit(None, pl.Float64)).select("place", "confidence")
        # Several derivations ask for the places of the same posts, and people declare the same places again and again.
        said = rows.drop_nulls().unique()
        new = said.join(self._answered[0], on="said", how="anti") if self._answered else said
        if new.height:
            answers = self._answers(new["said"])
            self._answered[:] = [pl.concat([*self._answered, answers])]
        best = self._answered[0]
        placed = rows.join(best, on="said", how="left", maintain_order="left").select(pl.col("place").fill_null(""), "confidence")
        if best.height > _MOST_ANSWERED:
            self._answered.clear()
        return placed

    @functools.cached_property
    def _answered(self) -> list[pl.DataFrame]:
        """What was declared so far, each text once, with its place: one frame of columns said, place, confidence; none at first."""
        return []

    def _answers(self, declared: pl.Series) -> pl.DataFrame:
        """Columns said (each of `declared`, which differ), place and confidence (null where nothing is sure enough)."""
        rows = pl.DataFrame({"as_given": declared, "said": self._unflagged(declared)})
        said = rows.select("said").unique().sort("said").with_row_index("id")
        units = self._units(said)
        best = _agreed(_candidates(units, self._meant))
        lost = units.group_by("id").agg((~pl.col("known")).any().alias("lost"))
        best = best.join(lost, on="id").with_columns(confidence=pl.col("confidence") * pl.when("lost").then(_SHARE).otherwise(1.0))
        best = said.join(best.filter(pl.col("confidence") >= SURE), on="id", how="inner").select("said", "place", "confidence")
        return rows.join(best, on="said", how="left", maintain_order="left").select(pl.col("as_given").alias("said"), "place", "confidence")

    @functools.cached_property
    def _meant(self) -> pl.DataFrame:
        """Names that are a place's."""
        return self._known.filter(pl.col("place") != "")

    def _units(self, said: pl.DataFrame) -> pl.DataFrame:
        """The declared text cut into names: columns id, unit (number), name (folded), known (whether such a name exists)."""
        parts = said.select("id", name=pl.col("said").str.slice(0, _LONGEST).str.replace_all(_BETWEEN, "\x1f").str.split("\x1f"))
        parts = parts.explode("name", empty_as_null=True, keep_nulls=True).with_columns(_folded("name"))
        parts = parts.filter(pl.col("name") != "").with_row_index("part")
        name, none = pl.col("name"), pl.lit(None, pl.String)
        forms = [(name, none), (name.str.replace(_ABOUT, ""), none)]
        for words in (1, 2):  # "Boston MA", "Auckland New Zealand"
            cut = rf"^(.+?)((?: \S+){{{words}}})$"
            forms.append((name.str.extract(cut, 1), name.str.extract(cut, 2).str.strip_chars()))
        tried = [
            parts.select("id", "part", head=head, tail=tail, order=pl.lit(order)).filter(pl.col("head").is_not_null())
            for order, (head, tail) in enumerate(forms)
        ]
        asked = pl.concat([form.select(name=side) for form in tried for side in ("head", "tail")]).unique()
        known = self._meant.select("name").join(asked, on="name", how="semi").unique()
        for order, form in enumerate(tried):
            form = form.join(known, left_on="head", right_on="name", how="semi")
            tried[order] = form if order < 2 else form.join(known, left_on="tail", right_on="name", how="semi")
        first = pl.concat(tried).sort("part", "order").unique("part", keep="first", maintain_order=True)
        names = first.select("id", name=pl.concat_list("head", "tail")).explode("name", empty_as_null=True, keep_nulls=True)
        missed = parts.join(first, on="part", how="anti")
        both = [names.drop_nulls().with_columns(known=pl.lit(True)), missed.select("id", "name", known=pl.lit(False))]
        return pl.concat(both).with_row_index("unit")


def _folded(column: str) -> pl.Expr:
    """A name without case, accents, points, apostrophes and signs."""
    plain = pl.col(column).str.normalize("NFKD").str.replace_all(r"\p{M}|[.'’`]", "").str.to_lowercase()
    return plain.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars().alias(column)


def _candidates(units: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """What the names may mean: those that another name of the same text supports ('MA' beside 'Boston'), or else all that stand alone."""
    may = units.filter("known").join(known, on="name").with_columns(depth=pl.col("place").str.count_matches("/"))
    pairs = may.join(may.select("id", other="unit", above="place"), on="id").filter(
        pl.col("unit") != pl.col("other"), pl.col("place").str.starts_with(pl.col("above") + "/")
    )
    backed = pairs.select("id", "unit", "place").unique().with_columns(backed=pl.lit(True))
    may = may.join(backed, on=["id", "unit", "place"], how="left").with_columns(pl.col("backed").fill_null(False))
    any_backed = pl.col("backed").any().over("id")
    may = may.filter(pl.when(any_backed).then("backed").otherwise(pl.col("kind") == "name"))
    deepest = pl.when("backed").then(pl.col("depth").max().over("id")).otherwise("depth")
    may = may.filter(pl.col("depth") == deepest)
    base = pl.when("backed").then(0.95).otherwise(0.9 / pl.col("unit").n_unique().over("id"))
    # A country or region of the same name is meant somewhat more often than its people say.
    weight = pl.col("population") * pl.when(pl.col("depth") == 0).then(2.0).when(pl.col("depth") == 1).then(1.2).otherwise(1.0)
    return may.select("id", "place", base=base, weight=weight / weight.sum().over("id"))


def _agreed(may: pl.DataFrame) -> pl.DataFrame:
    """The deepest place on which readings with at least `_SHARE` of the people agree: columns id, place, confidence."""
    parts = pl.col("place").str.split("/")
    levels = [pl.when(parts.list.len() >= n).then(parts.list.head(n).list.join("/")) for n in (1, 2, 3)]
    each = may.select("id", "base", "weight", level=pl.concat_list(levels))
    each = each.explode("level", empty_as_null=True, keep_nulls=True).drop_nulls("level")
    share = each.group_by("id", "level").agg(pl.col("weight").sum(), pl.col("base").max())
    kept = share.filter(pl.col("weight") >= _SHARE).with_columns(depth=pl.col("level").str.count_matches("/"))
    kept = kept.sort(["id", "depth", "weight", "level"], descending=[False, True, True, False])
    return kept.unique("id", keep="first", maintain_order=True).select("id", place="level", confidence=pl.col("base") * pl.col("weight"))
