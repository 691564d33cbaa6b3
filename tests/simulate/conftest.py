"""One small town, written once for all tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from heedful.simulate.town import Size
from heedful.simulate.write import Written, write_town

SMALL = Size(posters=400, days=60, participants=12, watches=6, posts=6_000)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write_town(Path(tmp_path_factory.mktemp("town")), 11, SMALL)
