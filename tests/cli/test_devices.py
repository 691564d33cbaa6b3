"""`heedful devices`."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from heedful.cli.main import app


def test_families_are_shown_by_device_family_and_code() -> None:
    run = CliRunner().invoke
    every = json.loads(run(app, ["devices", "--json"]).stdout)
    assert len(every) >= 20
    assert [one["name"] for one in json.loads(run(app, ["devices", "Fitbit Versa 2", "--json"]).stdout)] == ["Fitbit"]
    sugar = json.loads(run(app, ["devices", "glucose", "--json"]).stdout)
    assert {"Dexcom sensor", "FreeStyle Libre"} <= {one["name"] for one in sugar}
    said = run(app, ["devices", "oura"]).stdout
    assert "does not publish" in said.replace("\n", " ")
