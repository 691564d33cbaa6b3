"""Inputs of a site: those that nobody can read are told each, and the others are read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from heedful.core.clock import FixedClock
from heedful.core.errors import SourceError
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings
from heedful.loops.site import Site


def test_files_of_one_name_in_two_folders_are_told_one_by_one(tmp_path: Path) -> None:
    for folder, text in (("a", "hello"), ("b", "hello"), ("c", '{"data": [{"bpm": 60, "sou'), ("d", '{"data": [{"bpm": 60, "sou')):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.json").write_text(text)
    declared = [InputSettings(path=f"{folder}/one.json", kind="wearables.oura" if folder in "cd" else "") for folder in "abcd"]
    site = Site(Settings(input=declared), tmp_path / "site", FixedClock(datetime(2026, 3, 1, tzinfo=UTC)))
    refused, unknown = dict[str, str](), dict[str, str]()
    inputs = site.inputs(declared, tmp_path, refused, unknown)
    assert [Path(path).parent.name for path in refused] == ["a", "b"]
    assert [Path(path).parent.name for path in run_site(site, inputs).refused] == ["c", "d"]
    with pytest.raises(SourceError, match="no source knows"):
        site.inputs(declared, tmp_path)
    site.close()
