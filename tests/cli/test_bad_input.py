"""Every kind of bad input by command, as a new user meets it: refused or set aside with file, line and cure, exit code 2, the rest kept."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

COLUMNS = ("person", "code", "start_at", "end_at", "value", "unit", "device")


def heedful(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "heedful.cli.main", *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def answer(*arguments: str, cwd: Path) -> Any:
    run = heedful(*arguments, "--json", cwd=cwd)
    assert run.stdout, run.stderr
    # The document comes first; a sentence about what was refused may stand behind it.
    return json.JSONDecoder().raw_decode(run.stdout)[0]


def row(code: str, at: str, value: float, unit: str, device: str = "watch", minutes: int = 0, person: str = "ana") -> str:
    end = at.replace("T10:00", f"T10:{minutes:02}")
    return f"{person},{code},{at},{end},{value},{unit},{device}"


def minutes_of(person: str) -> list[str]:
    return [f"{person},heart_rate,2026-03-02T10:{n:02}:00Z,2026-03-02T10:{n:02}:00Z,{60 + n % 13},/min,watch" for n in range(40)]


ROWS = [
    row("steps", "2026-03-01T10:00:00Z", 90, "{steps}", minutes=1),
    row("heart_rate", "2026-03-01T10:00:00Z", 600, "/min"),
    row("steps", "2026-03-03T10:00:00Z", 3_650_000, "{steps}", minutes=1),
    row("steps", "1970-01-01T10:00:00Z", 9, "{steps}", minutes=1),
    row("steps", "2099-01-01T10:00:00Z", 9, "{steps}", minutes=1),
    row("body_weight", "2026-03-01T10:00:00Z", 70, "furlong", "scale"),
    *(row("body_weight", f"2026-02-{day:02}T10:00:00Z", 70 + day % 3, "kg", "scale") for day in range(1, 20)),
    row("body_weight", "2026-03-05T10:00:00Z", 155, "kg", "scale"),
    *minutes_of("ana"),
    *minutes_of("bo"),
    "ana,steps,2026-03-04T1",
]
SPANISH = (
    "Hora de inicio,Hora de finalización,Recuento de Minutos Activos,Calorías (kcal),Distancia (m),Frecuencia cardiaca media (ppm),"
    "Frecuencia cardiaca máxima (ppm),Velocidad media (m/s),Velocidad mínima (m/s),Recuento de pasos,Peso medio (kg),Peso máximo (kg)\n"
    "00:00:00.000+01:00,00:15:00.000+01:00,,14.5,20.5,61,80,0.3,0.2,40,70.5,71\n"
)
APPLE = (
    '<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="count/min" creationDate="2026-03-01 10:00:00 +0000" '
    'startDate="2026-03-01 10:0{0}:00 +0000" endDate="2026-03-01 10:0{0}:00 +0000" value="7{0}"/>'
)
LAUGHS = (
    '<?xml version="1.0"?>\n<!DOCTYPE gpx [\n<!ENTITY a0 "ha">\n'
    + "\n".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + '\n]>\n<gpx creator="x"><trk><name>&a9;</name></trk></gpx>'
)
PULSE = '{"bpm": 6%d, "source": "awake", "timestamp": "2026-03-01T10:0%d:00+00:00"}'


def written(folder: Path) -> None:
    """One file of each kind."""
    folder.mkdir()
    table = "\n".join([",".join(COLUMNS), *ROWS]) + "\n"
    (folder / "rows.csv").write_text(table)
    (folder / "rows_again.csv").write_text(table)
    (folder / "heart.json").write_text('{"data": [' + ", ".join(PULSE % (n, n) for n in range(5)) + ', {"bpm": 66, "sou')
    (folder / "export.xml").write_text('<?xml version="1.0"?>\n<HealthData>\n' + "\n".join(map(APPLE.format, range(5))) + "\n<Record ty")
    (folder / "laughs.gpx").write_text(LAUGHS)
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("apple_health_export/export.xml", b"<HealthData>" + b" " * 30_000_000)
    with zipfile.ZipFile(folder / "outside.zip", "w") as archive:
        archive.writestr("../../export.xml", b"<HealthData/>")
    day = folder / "Takeout" / "Fit" / "Métricas de actividad diaria"
    day.mkdir(parents=True)
    (folder / "notes").mkdir()
    (folder / "notes" / "ring.json").write_text('{"data": [' + PULSE % (7, 7) + "]}")
    (folder / "notes" / "letter.txt").write_text("Dear doctor,\n")
    (day / "2025-01-30.csv").write_text(SPANISH)


def settings() -> str:
    mapping = "\n".join(f'{name} = "{name}"' for name in COLUMNS)
    mapped = [
        f'[[input]]\npath = "in/{name}.csv"\nkind = "records.mapped"\n[input.settings]\ntable = "observations"\n'
        f"[input.settings.columns]\n{mapping}\n"
        for name in ("rows", "rows_again")
    ]
    others = ("heart.json", "export.xml", "laughs.gpx", "bomb.zip", "outside.zip", "Takeout", "notes")
    return "\n".join([*mapped, *(f'[[input]]\npath = "in/{name}"\nsubject = "ana"\n' for name in others)])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("bad")
    written(folder / "in")
    assert heedful("init", cwd=folder).returncode == 0
    (folder / "consents.csv").write_text("person,purpose\nana,care\nbo,care\n")
    path = folder / "heedful.toml"
    path.write_text(path.read_text().replace("consents = []", 'consents = ["consents.csv"]') + "\n" + settings())
    return folder, heedful("run", "--json", cwd=folder)


def test_the_run_says_what_was_refused_and_keeps_the_rest(site: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, run = site
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    told = json.JSONDecoder().raw_decode(run.stdout)[0]
    refused, kept = {Path(path).name: why for path, why in told["not_read"].items()}, {one["input"]: one for one in told["inputs"]}
    assert set(refused) == {"heart.json", "export.xml", "laughs.gpx", "bomb.zip", "outside.zip"}
    for name in ("heart.json", "export.xml", "laughs.gpx"):
        assert ", line " in refused[name]
    assert "5 whole records, which are read" in refused["heart.json"]
    assert "zip bomb" in refused["bomb.zip"]
    assert "points outside" in refused["outside.zip"]
    assert all(". " in why or ";" in why for why in refused.values())  # a cure follows
    assert [Path(name).name for name in told["unknown"]] == ["letter.txt"]
    assert (kept["heart.json"]["rows_out"], kept["export.xml"]["rows_out"]) == (5, 5)
    assert kept["Takeout"]["rows_out"] == 5  # steps, distance, energy, heart rate and weight of a Spanish file
    assert kept["rows.csv"]["rows_out"] == 1 + 20 + 80
    assert (kept["rows_again.csv"]["rows_out"], kept["rows_again.csv"]["skipped"]) == (0, 101)


def test_what_was_set_aside_names_file_line_and_cure(site: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    rows = [one for one in answer("quarantine", "--most", "500", cwd=site[0])["rows"] if one["file"] == "rows.csv"]
    reasons = {one["line"]: one["reason"] for one in rows}
    last = len(ROWS) + 1
    assert sorted(reasons) == [3, 4, 5, 6, 7, last]
    said = {3: "600.0 /min is outside", 4: "is outside", 5: "clock was not set", 6: "wrong clock", 7: "unit", last: "fields"}
    for line, words in said.items():
        assert words in reasons[line], line
        assert ";" in reasons[line], line


def test_pounds_and_swapped_sensors_are_asked_about(site: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = site
    (pounds,) = answer("units", cwd=folder)["findings"]
    assert (pounds["value"], pounds["usual"]) == (155.0, 71.0)
    assert "written in pounds?" in pounds["says"]
    (swapped,) = answer("swapped", "--days", "1000", cwd=folder)["findings"]
    assert swapped["finding"] == "same_recording"


def test_a_second_run_changes_nothing_and_says_the_same(site: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, first = site
    again = heedful("run", "--json", cwd=folder)
    assert again.returncode == 2
    before, after = (json.JSONDecoder().raw_decode(run.stdout)[0] for run in (first, again))
    assert set(after["not_read"]) == set(before["not_read"])
    assert after["inputs"] == before["inputs"]


def test_look_names_what_nobody_knows(site: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = site
    told = answer("look", "in", "--person", "ana", cwd=folder)
    assert any("zip bomb" in why and "unpack it" not in why for why in told["not_read"].values())
    assert sum(name.endswith("rows.csv") for name in told["not_read"]) == 1
