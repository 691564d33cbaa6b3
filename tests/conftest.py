"""Where the shared files are; tests that need them skip with the reason when they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Machines are shared: no wall-clock deadline, and the same examples each time, so that a red run can be run again.
settings.register_profile("shared machines", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machines")

SHARED = Path(os.environ.get("HEEDFUL_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def _folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the shared folder {name} is not beside this checkout ({folder}); set HEEDFUL_SHARED to run this test")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real files, or skip."""
    return _folder("data")


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """Folder of other programs' answers, or skip."""
    return _folder("reference")
