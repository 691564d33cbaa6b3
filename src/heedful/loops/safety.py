"""Safety at a site: niches of public talk as counts of people, and drafts of cases for a person to review; nothing is ever sent."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl

from heedful.core.derivations import Derivation, derivation
from heedful.core.errors import SettingsError
from heedful.core.frames import Frame
from heedful.core.labels import Aggregate, Care, Public
from heedful.core.schemas import Experiences, Niches, NicheTellings, People, PeopleMentions, Voices
from heedful.population.alarms import Detection
from heedful.population.left_out import once_a_campaign
from heedful.population.safety.case_draft import STATUS, Case, draft, from_diary, from_form, missing
from heedful.population.safety.niches import niche_tellings, people_telling
from heedful.population.safety.niches import niches as counted
from heedful.population.safety.time_to_onset import time_to_onset
from heedful.trust.doors import disclose_beside

if TYPE_CHECKING:  # a site knows its derivations
    from heedful.loops.site import Site

FOLDER = "safety_drafts"
"""Of a site's folder: one folder a participant, so that erasing a person erases the drafts about them; 'forms' holds those from forms."""


@derivation(reads=(NicheTellings, Voices), writes=Niches, by=("day",), lookahead=365, needs=("detection",), version=1)
def niches(told: Frame[Public, NicheTellings], flagged: Frame[Public, Voices], *, detection: Detection) -> Frame[Aggregate, Niches]:
    """People who told of a treatment in pregnancy, of misuse, of no effect, or why they stopped, by calendar year, through the disclosure
    door; a copy-paste campaign counts once."""
    people = told.derive(PeopleMentions, people_telling(told.data))
    return disclose_beside(
        people, flagged, lambda rows, flags, minimum: counted(once_a_campaign(rows, flags), minimum), detection.minimum_cell, Niches
    )


DERIVATIONS: tuple[Derivation, ...] = (niche_tellings, niches)


def site_niches(site: Site) -> pl.DataFrame:
    """Rows of `Niches`, the newest year and most people first."""
    order = ["day", "people", "treatment", "niche"]
    return site.engine.table(Niches, Aggregate).data.sort(order, descending=[True, True, False, False], nulls_last=True)


LEAST_FOR_ONSET = 10
"""People of a pair, or the site's minimum if that is more: with a few the median is one person's own day."""


def site_onsets(site: Site) -> tuple[pl.DataFrame, int]:
    """Days to onset that public posts tell of: treatment, effect, people, quartiles and Weibull shape with its interval, rounded; and how
    many pairs are withheld. A person's earliest day counts; a copy-paste campaign counts once."""
    told = once_a_campaign(site.engine.table(Experiences, Public).data, site.engine.table(Voices, Public).data)
    pair = ["treatment_label", "effect_label"]
    days = (
        told.filter(pl.col("source") != "diary", pl.col("axis").is_in(["adverse", "withdrawal"]), pl.col("onset_days") >= 0)
        .filter(pl.all_horizontal(pl.col(name).fill_null("") != "" for name in pair))
        .group_by("author", *pair).agg(pl.col("onset_days").min())
    )  # fmt: skip
    sizes = days.group_by(pair).agg(people=pl.len())
    shown = sizes.filter(pl.col("people") >= max(LEAST_FOR_ONSET, site.settings.disclosure.minimum_cell)).sort(pair)
    mine = days.join(shown.with_row_index("group"), on=pair).sort("group", "onset_days")
    found = time_to_onset(mine["group"].to_numpy().astype(np.int64), mine["onset_days"].to_numpy(), shown.height)
    numbers = {
        "first_quartile": found.first_quartile, "median": found.median, "third_quartile": found.third_quartile,
        "shape": found.shape, "shape_low": found.low, "shape_high": found.high,
    }  # fmt: skip
    columns = [pl.Series(name, values).round_sig_figs(2).fill_nan(None) for name, values in numbers.items()]
    return shown.rename({"treatment_label": "treatment", "effect_label": "effect"}).with_columns(columns), sizes.height - shown.height


def draft_from_diary(site: Site, entry: str, n: int) -> dict[str, Any]:
    """Write the draft of a case from one experience in a participant's diary, under consent for care in force; noted in the audit chain."""
    now = site.clock.now()
    told = site.view(Experiences, Care)
    case = from_diary(told, site.view(People, Care), entry, n, now.date())
    person = told.data.filter((pl.col("post") == entry) & (pl.col("n") == n))["author"][0]
    return _written(site, case, person, now)


def draft_from_form(site: Site, form: Path) -> dict[str, Any]:
    """Write the draft of a case from a TOML form. Errors: `SettingsError` that names file and entry."""
    try:
        case = from_form(tomllib.loads(form.read_text("utf-8")))
    except OSError as error:
        raise SettingsError(f"There is no form {form}. Write one with: heedful safety form") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{form} is not valid TOML: {error}") from error
    except SettingsError as error:
        raise SettingsError(f"{form}: {error}") from error
    return _written(site, case, "forms", site.clock.now())


def drafts(site: Site) -> list[dict[str, Any]]:
    """All drafts with their status and what is missing."""
    return [orjson.loads(path.read_bytes()) for path in sorted((site.folder / FOLDER).glob("*/*.json"))]


def _written(site: Site, case: Case, owner: str, now: datetime) -> dict[str, Any]:
    folder = site.folder / FOLDER / owner
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in case.case).strip(".")
    answer: dict[str, Any] = {
        "case": case.case, "status": STATUS, "file": str(folder / f"{name}.xml"), "made_at": now.isoformat(),
        "missing": [{"element": number, "what": what} for number, what in missing(case)],
    }  # fmt: skip
    _replace(folder / f"{name}.xml", draft(case, now))
    _replace(folder / f"{name}.json", orjson.dumps(answer, option=orjson.OPT_INDENT_2))
    site.ledger.audit(now, "safety draft", {"case": case.case, "status": STATUS, "missing": len(answer["missing"])})
    return answer


def _replace(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


FORM: Mapping[str, str] = {
    "case": "a number of your own", "received_on": "day on which the report came, as 2026-03-02", "drug": "as reported",
    "reaction": "as reported", "reaction_on": "day on which it began", "outcome": "recovered, recovering, not_recovered, …",
    "serious": 'list of criteria: "death", "hospitalization", …; [] if a person judged it not serious', "meddra_code": "lowest level term",
    "meddra_version": "such as 27.0", "sex": "male or female", "age": "in years", "reporter": "physician, pharmacist, consumer, …",
    "country": "two letters", "sender": "organization that would send it", "narrative": "what happened, without names",
}  # fmt: skip
"""Entries of the form and what they mean."""
