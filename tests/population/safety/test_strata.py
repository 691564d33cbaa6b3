"""Strata of age and sex: a pair that stands out only because both its drug and its effect are of the old, by hand, from files, by command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from heedful.cli.main import app
from heedful.core.errors import SettingsError
from heedful.population.safety.spontaneous import spontaneous_signals
from heedful.population.safety.strata import unknown, with_strata
from heedful.sources.faers import read_faers
from heedful.sources.openfda import read_openfda
from heedful.sources.vaers import read_vaers

OLD, YOUNG = 80.0, 30.0
CONFOUNDED = ((OLD, "X", 50, 100), (OLD, "Y", 50, 100), (YOUNG, "X", 1, 20), (YOUNG, "Y", 39, 780))
"""Age, drug, reports with a fall, reports: half of the old and 5 % of the young fall, whatever they take; but X is a drug of the old.

Over all: X 120 reports, falls 140, all 1,000, so 16.8 expected where 51 are told. Within age: 100 x 100 / 200 + 20 x 40 / 800 = 51."""


def confounded(sex: tuple[str, str] = ("F", "F")) -> list[tuple[str, str, str, str, float | None, str]]:
    rows = [(drug, "FALL" if n < falls else "", age, sex[age == OLD]) for age, drug, falls, reports in CONFOUNDED for n in range(reports)]
    return [(str(n), drug, effect, "faers", age, of) for n, (drug, effect, age, of) in enumerate(rows)]


def frame(rows: list[tuple[str, str, str, str, float | None, str]]) -> pl.DataFrame:
    schema = {"person": pl.String, "drug": pl.String, "effect": pl.String, "source": pl.String, "age": pl.Float64, "sex": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def pair(found: pl.DataFrame) -> dict[str, float]:
    return found.row(by_predicate=(pl.col("drug") == "X") & (pl.col("effect") == "FALL"), named=True)


def test_a_signal_that_age_explains_goes_within_age() -> None:
    crude, within = (pair(spontaneous_signals(frame(confounded()), strata)) for strata in ((), ("age",)))
    assert crude["expected"] == pytest.approx(120 * 140 / 1000)
    assert within["expected"] == pytest.approx(51)
    assert crude["ic"] == pytest.approx(np.log2(51.5 / 17.3))
    assert within["ic"] == pytest.approx(0)
    assert (crude["by_ic"], within["by_ic"]) == (True, False)
    assert crude["prr"] == within["prr"] == pytest.approx((51 / 120) / (89 / 880))  # over all, as it says


def test_sex_explains_as_age_does_and_both_together() -> None:
    rows = frame(confounded(("M", "F")))
    for strata in (("sex",), ("age", "sex")):
        assert pair(spontaneous_signals(rows, strata))["expected"] == pytest.approx(51)


def test_ebgm_goes_to_one_beside_pairs_enough_to_learn_from() -> None:
    """The other pairs are of reports that do not say their age: a stratum of its own, which adds nothing to the 51."""
    rng = np.random.default_rng(4)
    others = [(f"D{d}", f"E{e}") for d in range(16) for e in range(16) for _ in range(rng.poisson(4 * (1 + 9 * (d == e))))]
    rows = [*confounded(), *((f"o{n}", drug, effect, "faers", None, "") for n, (drug, effect) in enumerate(others))]
    crude, within = (spontaneous_signals(frame(rows), strata) for strata in ((), ("age",)))
    assert pair(crude)["eb05"] > 2
    assert pair(within)["expected"] == pytest.approx(51)
    assert 0.7 < pair(within)["ebgm"] < 1.1  # drawn from 1 towards the other pairs, most of which lie under it
    assert pair(within)["eb05"] < 1
    first = within.row(0, named=True)
    assert first["by_ic"]
    assert first["drug"] != "X"
    assert unknown(frame(rows), ["age", "sex"]) == {"age": len(others), "sex": len(others)}


def test_age_groups_at_their_borders() -> None:
    ages = [0.0, 1.99, 2.0, 4.9, 5.0, 13.0, 17.0, 45.9, 46.0, 76.0, 86.0, 120.0, 121.0, -1.0, float("nan"), None]
    groups = with_strata(frame([(str(n), "X", "", "faers", age, "F") for n, age in enumerate(ages)]), ["age"])["stratum"].to_list()
    assert groups == ["0-1", "0-1", "2-4", "2-4", "5-12", "13-16", "17-45", "17-45", "46-75", "76-85", "86+", "86+", *["unknown"] * 4]


@pytest.mark.parametrize(
    ("strata", "said"), [(["year"], "Strata are of age, sex"), (["sex", "sex"], "named once"), (["sex"], "No report says its sex")]
)
def test_strata_that_cannot_be_made_are_refused(strata: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        spontaneous_signals(frame([("1", "X", "RASH", "faers", 3.0, "")]), strata)


def quarter(folder: Path) -> Path:
    rows = confounded()
    folder.mkdir(parents=True)
    told = [f"{n}1${n}$1$I$$20230105${age:g}$YR${sex}$US" for n, _, _, _, age, sex in rows]
    demo = ["primaryid$caseid$caseversion$i_f_code$event_dt$fda_dt$age$age_cod$sex$occr_country", *told]
    drug = ["primaryid$caseid$drug_seq$role_cod$drugname$prod_ai", *(f"{n}1${n}$1$PS$x${drug}" for n, drug, *_ in rows)]
    told_of = [f"{n}1${n}$Fall$" for n, _, effect, *_ in rows if effect]
    reac = ["primaryid$caseid$pt$drug_rec_act", *told_of]
    for kind, lines in (("DEMO", demo), ("DRUG", drug), ("REAC", reac)):
        (folder / f"{kind}23Q1.txt").write_text("\r\n".join(lines) + "\r\n")
    return folder


def test_by_command_from_a_quarter_of_faers(tmp_path: Path) -> None:
    path = quarter(tmp_path / "q")
    expected = {}
    for strata in ("", "age", "age,sex"):
        shown = CliRunner().invoke(app, ["safety", "spontaneous", str(path), "--json", *(["--strata", strata] if strata else [])])
        assert shown.exit_code == 0, shown.output
        answer = json.loads(shown.output)
        expected[strata] = pair(pl.DataFrame(answer["pairs"]))["expected"]
        assert ("0 reports do not say their age" in answer["said"]) == bool(strata)
    assert expected == {"": pytest.approx(16.8), "age": pytest.approx(51), "age,sex": pytest.approx(51)}
    refused = CliRunner().invoke(app, ["safety", "spontaneous", str(path), "--strata", "weight"])
    assert refused.exit_code != 0


def test_age_and_sex_of_each_program(tmp_path: Path) -> None:
    faers = read_faers(quarter(tmp_path / "q")).rows
    assert set(faers.select("age", "sex").unique().rows()) == {(80.0, "F"), (30.0, "F")}
    event = {"safetyreportid": "1", "patient": {
        "patientonsetage": "18", "patientonsetageunit": "802", "patientsex": "1",
        "drug": [{"medicinalproduct": "A"}], "reaction": [{"reactionmeddrapt": "Rash"}]}}  # fmt: skip
    other = {"safetyreportid": "2", "patient": {"drug": [{"medicinalproduct": "A"}], "reaction": [{"reactionmeddrapt": "Rash"}]}}
    (tmp_path / "events.json").write_text(json.dumps({"results": [event, other]}))
    assert read_openfda(tmp_path / "events.json").rows.select("age", "sex").rows() == [(1.5, "M"), (None, "")]
    (tmp_path / "2021VAERSVAX.csv").write_text("VAERS_ID,VAX_TYPE,VAX_NAME\n1,FLU,FLU (A)\n2,FLU,FLU (A)\n")
    (tmp_path / "2021VAERSSYMPTOMS.csv").write_text("VAERS_ID,SYMPTOM1,SYMPTOM2,SYMPTOM3,SYMPTOM4,SYMPTOM5\n1,Rash,,,,\n2,Rash,,,,\n")
    assert read_vaers(tmp_path).select("age", "sex").rows() == [(None, ""), (None, "")]
    (tmp_path / "2021VAERSDATA.csv").write_text("VAERS_ID,STATE,AGE_YRS,SEX\n1,NY,64.0,F\n2,NY,,U\n")
    assert read_vaers(tmp_path).select("age", "sex").rows() == [(64.0, "F"), (None, "")]
