"""Samples of phones' exports for the source checks (see `tests.sources.samples`, which must import this module)."""

from __future__ import annotations

from pathlib import Path

from tests.sources.samples import sample

from heedful.sources.base import Options

START = 1_709_280_000_000


def _lines(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


@sample("phones.aware")
def aware(folder: Path) -> tuple[Path, Options]:
    export = folder / "aware"
    screen = [f"{START + 60_000 * n},phone1,{n % 4}" for n in range(20)]
    _lines(
        export / "screen.csv",
        "timestamp,device_id,screen_status",
        *screen,
        "soon,phone1,1",
        f"{START},phone1",
        f"{START},phone1,9",
        screen[0],
    )
    calls = [f"{START + 600_000 * n},phone{1 + n % 2},{1 + n % 4},{30 * n},contact{n % 3}" for n in range(12)]
    _lines(export / "calls.csv", "timestamp,device_id,call_type,call_duration,trace", *calls)
    _lines(export / "zones.csv", "device_id,tzcode,timestamp", "phone1,Europe/Berlin,0", f"phone1,America/New_York,{START + 300_000}")
    _lines(
        export / "keyboard.csv", "timestamp,device_id,package_name,before_text,current_text,is_password", f"{START},phone1,app,,secret,0"
    )
    _lines(export / "esms.csv", *esms())
    return export, Options("study", subject="p1")


def esms() -> list[str]:
    """Twelve prompts of two questions, two a day: answered, expired and dismissed in turn; then lines that are none."""
    lines = [
        "timestamp,device_id,esm_json,esm_status,esm_expiration_threshold,double_esm_user_answer_timestamp,esm_user_answer,esm_trigger"
    ]
    mood = '"{""esm_type"":4,""esm_title"":""Mood""}"'
    where = '"{""esm_type"":2,""esm_title"":""Where"",""esm_radios"":[""home"",""work"",""Other""]}"'
    for n in range(12):
        at, status = START + 6 * 3_600_000 * n, (2, 3, 2, 1)[n % 4]
        answered = at + 60_000 if status == 2 else 0
        lines += [
            f"{at},phone1,{mood},{status},0,{answered},{n if status == 2 else ''},day",
            f"{at + 1},phone1,{where},{status},0,{answered},{('home', 'at my aunt Jane')[n % 3 == 0] if status == 2 else ''},day",
        ]
    text = '"{""esm_type"":1,""esm_title"":""Words""}"'
    return [*lines, f"{START},phone1,{text},2,0,{START},I am tired,evening", f"{START},phone1,{text},9,0,0,,evening",
            f"{START},phone1,{{,2,0,0,1,evening", f"{START},phone1,{text},5,0,0,,evening", f"{START},phone1,{text},4,0,0,,evening"]  # fmt: skip


@sample("phones.beiwe")
def beiwe(folder: Path) -> tuple[Path, Options]:
    export = folder / "study"
    places = [f"{START + 60_000 * n},x,42.34{n},-71.12{n},10,5" for n in range(9)]
    _lines(
        export / "abc12345/gps/2024-03-01 08_00_00+00_00.csv",
        "timestamp,UTC time,latitude,longitude,altitude,accuracy",
        *places,
        f"{START},x,142,7,1,1",
    )
    questions = ["question id,question type,question text,question answer options,answer"]
    questions += [f"q{n},slider,How is it?,min = 0; max = 10,{n}" for n in range(9)] + [
        "q9,free_response,And?,,it hurts",
        "q8,slider,How is it?,,8",
        "q7,slider",
    ]
    for hour in (8, 9):
        _lines(export / f"abc12345/survey_answers/s1/2024-03-01 0{hour}_00_00+00_00.csv", *questions)
    _lines(export / "abc12345/survey_timings/s1/2024-03-01 08_00_00+00_00.csv", *timings())
    _lines(export / "abc12345/wifi/2024-03-01 08_00_00+00_00.csv", "hashed MAC,frequency,RSSI", "a,1,2")
    return export, Options("study", zone="America/New_York")


def timings() -> list[str]:
    """A survey that was shown and handed in at 08:00:00, and nine prompts that expired, one an hour."""
    head = "timestamp,UTC time,question id,survey id,question type,question text,question answer options,answer,event"
    shown = [f"{START - 9_000},x,q1,s1,slider,How is it?,min = 0; max = 10,0,present", f"{START - 1_000},x,,s1,,,,,submitted"]
    expired = [f"{START + 3_600_000 * n},x,,s1,,,,,expired" for n in range(11)]
    return [head, *shown, *expired, "soon,x,,s1,,,,,expired", f"{START},x"]


@sample("phones.radar")
def radar(folder: Path) -> tuple[Path, Options]:
    export = folder / "radar"
    rows = [f"p,user{n % 2},s,{1.7e9 + 60 * n},1,{n}" for n in range(20)]
    head = "key.projectId,key.userId,key.sourceId,value.time,value.timeReceived,value."
    _lines(export / "android_phone_step_count/a.csv", head + "steps", *rows[:9], "p,user1,s,soon,1,3", "p,user1,s", rows[0], *rows[9:])
    _lines(export / "android_phone_battery_level/a.csv", head + "batteryLevel", *(f"p,u,s,{1.7e9 + n},1,0.{n}" for n in range(9)))
    _lines(export / "android_phone_unheard_of/a.csv", head + "oddity", "p,u,s,1.7E9,1,2")
    form = "key.projectId,key.userId,key.sourceId,value.time,value.timeCompleted,value.timeNotification,value.name,value.version"
    answers = "value.answers.0.questionId,value.answers.0.value,value.answers.1.questionId,value.answers.1.value"
    filled = [f"p,u,s,{1.7e9 + 9000 * n},{1.7e9 + 9000 * n + 60},{1.7e9 + 9000 * n - 30},esm,1,mood,{n},place,home" for n in range(9)]
    _lines(export / "questionnaire_esm/a.csv", f"{form},{answers}", *filled, "p,u,s,soon,,,esm,1,mood,1,place,x")
    logged = [f"p,u,s,{1.7e9 + 9000 * n + 600},esm,{100 * (n % 2)},{1.7e9 + 9000 * n - 30}" for n in range(9, 19)]
    log = "key.projectId,key.userId,key.sourceId,value.time,value.name,value.completionPercentage,value.timeNotification"
    _lines(export / "questionnaire_completion_log/a.csv", log, *logged, "p,u,s,1.7E9,esm,much,")
    return export, Options("study")


XFORM = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa">
<h:head><h:title>Diary</h:title><model>
<instance><data id="diary"><start/><who/><pain/><mood/><where/><words/><place/><meta><instanceID/></meta></data></instance>
<instance id="moods"><root><item><name>1</name><label>low</label></item><item><name>2</name><label>high</label></item></root></instance>
<bind nodeset="/data/start" jr:preload="timestamp" jr:preloadParams="start" type="dateTime"/>
<bind nodeset="/data/pain" type="int"/><bind nodeset="/data/place" type="geopoint"/>
</model></h:head><h:body>
<input ref="/data/who"><label>Who?</label></input>
<input ref="/data/pain"><label>How much?</label></input>
<select1 ref="/data/mood"><label>Mood?</label><itemset nodeset="instance('moods')/root/item"><value ref="name"/><label ref="label"/></itemset></select1>
<select ref="/data/where"><label>Where?</label><item><label>head</label><value>a</value></item><item><label>back</label><value>b</value></item></select>
<input ref="/data/words"><label>More?</label></input><input ref="/data/place"><label>Place?</label></input>
</h:body></h:html>"""


def submission(day: int, pain: str = "3", mood: str = "1", where: str = "a b", who: str = "ada") -> str:
    start = f"<start>2024-03-{day:02}T08:00:00.000+01:00</start>" if day else "<start/>"
    return (
        f'<data id="diary" version="1">{start}<who>{who}</who><pain>{pain}</pain><mood>{mood}</mood><where>{where}</where>'
        f"<words>Jane came</words><place>50 8 0 0</place><meta><instanceID>uuid:{day}</instanceID></meta></data>"
    )


@sample("answers.odk")
def odk(folder: Path) -> tuple[Path, Options]:
    export = folder / "diary"
    _lines(export / "diary.xml", XFORM)
    for day in range(1, 8):
        _lines(export / f"submissions/{day}.xml", submission(day))
    _lines(export / "submissions/bad.xml", submission(9, pain="much", mood="7", where="c"))
    _lines(export / "submissions/undated.xml", submission(0))
    _lines(export / "submissions/cut.xml", submission(10)[:120])
    head = "SubmissionDate,start,who,pain,mood,where,KEY"
    rows = [f"2024-03-{day}T09:00:00.000Z,2024-03-{day}T08:00:00.000+01:00,bob,{day},2,a,uuid:{day}" for day in range(11, 20)]
    _lines(export / "diary.csv", head, *rows, "2024-03-20,,bob", rows[0])
    return export, Options("study", zone="Europe/Berlin", settings={"person": "who"})
