"""Old workbooks say what their .xlsx twins say; cut and damaged ones are refused, whatever the damage."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest

from heedful.core.errors import SourceError
from heedful.sources.answers.odk_form import xlsform
from heedful.sources.answers.xls import xls_sheets


@pytest.fixture(scope="module")
def workbooks(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "interop/odk_xlsform").rglob("*.xls"))


def test_every_old_workbook_is_read(workbooks: list[Path]) -> None:
    forms = {path.name: xlsform(path.read_bytes(), path.name) for path in workbooks}
    assert len(forms) == 25
    assert forms["specify_other.xls"].questions["sex"].label == "What sex are you?"
    assert forms["specify_other.xls"].questions["sex"].choices == {"male": "Male", "female": "Female", "other": "Other"}
    assert len(forms["unknown_question_type.xls"].questions) == 48


def test_they_equal_their_twins(workbooks: list[Path]) -> None:
    twins = [(path, twin) for path in workbooks if (twin := path.with_suffix(".xlsx")).exists()]
    assert len(twins) == 6
    for old, new in twins:
        assert xlsform(old.read_bytes(), "form.xls") == xlsform(new.read_bytes(), "form.xlsx")


def test_damage_is_refused_and_never_loops(workbooks: list[Path]) -> None:
    rng = random.Random(3)
    for path in workbooks[:8]:
        whole = path.read_bytes()
        for _ in range(25):
            data = bytearray(whole[: rng.randrange(len(whole))] if rng.random() < 0.3 else whole)
            for _ in range(rng.randrange(1, 40)):
                if data:
                    data[rng.randrange(len(data))] = rng.randrange(256)
            with suppress(SourceError):  # any other error fails
                xls_sheets(bytes(data), path.name)
    with pytest.raises(SourceError, match="xlsx"):
        xls_sheets(workbooks[0].read_bytes()[:2_000], "cut.xls")
