"""`heedful evaluate lapse` on AdhereR's simulated dispensings, and on a table that is too short."""

from __future__ import annotations

from pathlib import Path

import pytest

from heedful.core.errors import NotFoundError
from heedful.loops.evaluate.lapse import evaluate_lapse, judged_weeks, own_dispensings
from heedful.loops.evaluate.tasks import Figure


def figures(file: Path, folder: Path) -> dict[str, Figure]:
    return {figure.metric: figure for figure in evaluate_lapse(judged_weeks(own_dispensings(file, folder)))}


@pytest.mark.parametrize("name", ["med_events", "med_events_atc"])
def test_the_risk_is_better_than_the_share_so_far_and_its_slope_holds_one(name: str, shared_data: Path, tmp_path: Path) -> None:
    found = figures(shared_data / "behavior" / "dispensing" / f"{name}.csv.gz", tmp_path)
    assert found["AUC"].low > 0.5
    brier = found["Brier score"]
    assert brier.baseline is not None
    assert brier.value < brier.baseline
    assert found["calibration slope"].low < 1 < found["calibration slope"].high
    # told at about the share of gaps it beats acting on everybody and on nobody; moved to the place it says as many gaps as came
    assert found["net benefit gained at 0.8"].value > 0.1
    moved = found["moved: observed over expected"]
    assert moved.low < 1 < moved.high
    assert found["moved: net benefit gained at 0.8"].value > 0.1
    # All other refills of the same person and drug, later ones included, would not have told much more.
    hindsight = found["hindsight: AUC"]
    assert found["AUC"].value < hindsight.value < found["AUC"].value + 0.04


def test_a_table_without_refills_is_refused_with_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "short.csv").write_text("PATIENT_ID,DATE,PERDAY,CATEGORY,DURATION\n1,2026-01-01,1,medA,30\n", "utf-8")
    with pytest.raises(NotFoundError, match="three refills"):
        figures(tmp_path / "short.csv", tmp_path / "site")
