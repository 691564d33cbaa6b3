"""What stands for a packaged table until it is read says the same as the table."""

from __future__ import annotations

import unicodedata

import pytest

from heedful.sources import packaged, packaged_later
from heedful.sources.packaged_later import Later


@pytest.mark.parametrize("name", ["vocabulary", "gazetteer"])
def test_the_recorded_fingerprint_is_that_of_the_table(name: str) -> None:
    later, read = getattr(packaged_later, name)(), getattr(packaged, name)()
    cure = "run: python -m scripts.build_fingerprints"
    assert later.fingerprint == read.fingerprint, f"code changed what the files of the {name} mean; {cure}"
    if packaged_later._recorded()["unicode"] == unicodedata.unidata_version:
        assert isinstance(later, Later), f"the files of the {name} changed; {cure}"


def test_it_becomes_the_table_when_it_is_used() -> None:
    asked: list[int] = []
    later = Later("abc", lambda: asked.append(1) or packaged.gazetteer())
    assert (later.fingerprint, later.silent, asked) == ("abc", False, [])
    assert later.names.equals(packaged.gazetteer().names)
    assert asked
    with pytest.raises(AttributeError):
        later.nothing_of_this_name  # noqa: B018


def test_files_that_are_not_the_recorded_ones_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged_later, "_recorded", lambda: {"gazetteer": {"files": "others", "fingerprint": "old"}})
    assert packaged_later.gazetteer() is packaged.gazetteer()
