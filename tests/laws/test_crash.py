"""`kill -9` at random moments of a real run: every table equals the uninterrupted run's, and no decision is taken twice."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from heedful.simulate.town import Size
from heedful.simulate.write import write_town
from tests.laws.crash_site import SETTINGS, open_site, run, tables

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("HEEDFUL_KILLS", "20"))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crash")
    written = write_town(folder / "town", seed=3, size=Size(posters=120, days=28, participants=6, watches=1, posts=2_500))
    watch = next(written.files["wearables"].iterdir()).name
    (folder / "heedful.toml").write_text(SETTINGS.replace("WATCH", watch))
    open_site(folder).close()  # the key: both runs must name people alike
    return folder


def copy_of(town: Path, to: Path) -> Path:
    shutil.copytree(town, to, copy_function=os.link)
    for name in ("ledger.sqlite", "secret.key"):
        # A hard link to the ledger would be one ledger: copy what is written to.
        (to / "site" / name).unlink()
        shutil.copy2(town / "site" / name, to / "site" / name)
    return to


@pytest.mark.crash
def test_a_killed_run_ends_as_an_undisturbed_one(town: Path, tmp_path: Path) -> None:
    rng = random.Random(11)
    calm = copy_of(town, tmp_path / "calm")
    begun = time.monotonic()
    run(calm)
    whole = time.monotonic() - begun
    want = tables(calm)
    kills = finished = 0
    site = tmp_path / "killed0"
    copy_of(town, site)
    while kills < KILLS:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.laws.crash_site", str(site)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            _, errors = process.communicate(timeout=rng.uniform(0.2, 1.2 * whole + 2))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            continue
        assert process.returncode == 0, errors.decode()
        assert_same(tables(site), want)
        finished += 1
        shutil.rmtree(site)
        site = copy_of(town, tmp_path / f"killed{finished}")
    run(site)
    assert_same(tables(site), want)


def assert_same(got: dict[str, pl.DataFrame], want: dict[str, pl.DataFrame]) -> None:
    assert got.keys() == want.keys()
    for name, right in want.items():
        try:
            assert_frame_equal(got[name], right, rel_tol=1e-9)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    assert want["decisions"].height > 0
    assert want["own_posts"].height > 0
