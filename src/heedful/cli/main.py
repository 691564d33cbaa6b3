"""`heedful`: the commands, their shared options, and how errors, Ctrl-C and `--json` behave."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from heedful import __version__
from heedful.cli.alerts import alerts_app
from heedful.cli.cds import cds_app
from heedful.cli.crises import crises_app
from heedful.cli.link import link_app
from heedful.cli.rumours import rumours_app
from heedful.cli.safety import safety_app

app = typer.Typer(
    name="heedful",
    help="Personal and public health that listens carefully.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
consent_app = typer.Typer(help="Grant, show or withdraw a participant's consent.", no_args_is_help=True)
audit_app = typer.Typer(help="Look at the audit chain, and check that nobody changed it.", no_args_is_help=True)
app.add_typer(consent_app, name="consent")
app.add_typer(audit_app, name="audit")
app.add_typer(alerts_app, name="alerts")
app.add_typer(cds_app, name="cds")
app.add_typer(crises_app, name="crises")
app.add_typer(link_app, name="link")
app.add_typer(safety_app, name="safety")
app.add_typer(rumours_app, name="rumours")
evaluate_app = typer.Typer(help="Judge this system on sets whose truth is known.", no_args_is_help=True)
app.add_typer(evaluate_app, name="evaluate")
vocabulary_app = typer.Typer(help="The words that are looked for: add your own, list them, try them on a text.", no_args_is_help=True)
app.add_typer(vocabulary_app, name="vocabulary")
claims_app = typer.Typer(help="A bank of claims that others have checked, and which of them a text may be about.", no_args_is_help=True)
app.add_typer(claims_app, name="claims")
guideline_app = typer.Typer(no_args_is_help=True, help="Computable guidelines (FHIR PlanDefinition) that plans are made from.")
app.add_typer(guideline_app, name="guideline")
words_app = typer.Typer(help="New words beside symptoms and drugs: take them into the vocabulary, or dismiss them.", no_args_is_help=True)
app.add_typer(words_app, name="words")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Config = Annotated[Path, typer.Option("--config", "-c", help="Settings file.", envvar="HEEDFUL_CONFIG")]
CONFIG = Path("heedful.toml")
OUT = Path("heedful.html")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"heedful {__version__}")
        raise typer.Exit()


@app.callback()
def root(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False) -> None:
    """Personal and public health that listens carefully."""


@app.command()
def adjudicate(
    config: Config = CONFIG,
    report: Annotated[bool, typer.Option("--report", help="Ask nothing: show agreement with the built-in head.")] = False,
    limit: Annotated[int | None, typer.Option(help="Most calls of this run, within the day's budget.", min=1)] = None,
    json: Json = False,
) -> None:
    """Let an endpoint of your choice judge de-identified texts that the built-in head is unsure of; off by default."""
    from heedful.cli.adjudicate import adjudicate as run

    run(config, report, limit, json)


@app.command()
def devices(
    name: Annotated[str, typer.Argument(help="A device's name, a family's, or a code such as heart_rate; all families without.")] = "",
    json: Json = False,
) -> None:
    """What devices measure, how, and which of their numbers are the vendor's own."""
    from heedful.cli.devices import devices as run

    run(name, json)


@app.command()
def swapped(
    days: Annotated[int, typer.Option(help="Newest days that are looked at.", min=1)] = 120, config: Config = CONFIG, json: Json = False
) -> None:
    """List pairs of participants whose sensors may have been swapped: one recording under two names, bodies that changed places."""
    from heedful.cli.swapped import swapped as run

    run(config, days, json)


@app.command()
def units(
    days: Annotated[int, typer.Option(help="Newest days that are looked at.", min=1)] = 400, config: Config = CONFIG, json: Json = False
) -> None:
    """List values that look as if written in another unit than declared: pounds as kilograms, inches as centimeters."""
    from heedful.cli.units import units as run

    run(config, days, json)


@app.command()
def clocks(
    days: Annotated[int, typer.Option(help="Newest days that are looked at.", min=7)] = 60, config: Config = CONFIG, json: Json = False
) -> None:
    """List device clocks that seem to gain or lose, by when rows arrived and by a second device; nothing is moved."""
    from heedful.cli.clocks import clocks as run

    run(config, days, json)


@app.command()
def look(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders of your own.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the page goes.")] = OUT,
    zone: Annotated[str, typer.Option(help="Your time zone, for files in local time without offset.")] = "UTC",
    person: Annotated[str, typer.Option(help="Whose the files are that name nobody: one person's exports then share one axis.")] = "",
    json: Json = False,
) -> None:
    """Understand a folder of files: no configuration, one page, nothing leaves the machine."""
    from heedful.cli.look import look as run

    run(paths, out, zone, person, json)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the simulated town and its site go.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Seed of the town.")] = 7,
    json: Json = False,
) -> None:
    """Simulate a town whose truth is known, run the whole loop, and show what was found, missed and falsely raised."""
    from heedful.cli.demo import demo as run

    run(folder, seed, json)


@app.command()
def init(
    config: Config = CONFIG,
    show: Annotated[bool, typer.Option("--show", help="Only print it.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a settings file.")] = False,
    json: Json = False,
) -> None:
    """Write a commented settings file."""
    from heedful.cli.daily import init as run

    run(config, show, force, json)


@app.command()
def run(
    config: Config = CONFIG,
    follow: Annotated[bool, typer.Option("--follow", help="Keep reading: look for new or grown files until stopped.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between looks with --follow.")] = 30.0,
    json: Json = False,
) -> None:
    """Read all sources from where the last run stopped, bring every table up to date, take the decisions that are due."""
    from heedful.cli.daily import run as run_loop

    run_loop(config, follow, every, json)


@app.command()
def report(
    config: Config = CONFIG,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the page goes.")] = OUT,
    person: Annotated[str, typer.Option(help="Participant whose timeline the page shows; needs consent for care.")] = "",
    as_of: Annotated[str | None, typer.Option(help="Show what was known at the end of this day (YYYY-MM-DD).")] = None,
    json: Json = False,
) -> None:
    """Write the page: signals, experiences, a person's timeline, decisions, data quality, and what was not counted."""
    from heedful.cli.daily import report as run

    run(config, out, person, as_of, json)


@app.command()
def quarantine(
    source: Annotated[str, typer.Option(help="Name of one input.")] = "",
    most: Annotated[int, typer.Option(help="Most rows shown.", min=1)] = 50,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """List rows that were set aside: file, line, what is wrong, the series and date it is about, and the cure."""
    from heedful.cli.quarantine import quarantine as run

    run(config, source, most, json)


@app.command()
def sources(json: Json = False) -> None:
    """List the kinds of file that can be read."""
    from heedful.cli.catalog import sources as run

    run(json)


@app.command()
def methods(json: Json = False) -> None:
    """List the methods with their cards: definition, units, reference, the program they equal, known limits."""
    from heedful.cli.catalog import methods as run

    run(json)


@app.command()
def tables(config: Config = CONFIG, json: Json = False) -> None:
    """List every table with its columns, units and key, and its rows on this site if there is one."""
    from heedful.cli.catalog import tables as run

    run(config, json)


@consent_app.command("grant")
def consent_grant(
    person: Annotated[str, typer.Argument(help="The participant's id as it stands in the files; or a CSV file of consents.")],
    purpose: Annotated[list[str], typer.Option("--purpose", "-p", help="care, research or public_health; may be repeated.")] = [],  # noqa: B006
    kinds: Annotated[str, typer.Option(help="Kinds of data, comma-separated; * for all but own_posts, which must be named.")] = "*",
    from_day: Annotated[str | None, typer.Option("--from", help="Covers events from this day on (YYYY-MM-DD).")] = None,
    until: Annotated[str | None, typer.Option(help="Expires at the start of this day.")] = None,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Record that a participant agrees."""
    from heedful.cli.rights import grant as run

    run(config, person, purpose, kinds, from_day, until, json)


@consent_app.command("withdraw")
def consent_withdraw(
    person: Annotated[str, typer.Argument(help="The participant's id.")],
    purpose: Annotated[list[str], typer.Option("--purpose", "-p", help="Purposes withdrawn; all if none is given.")] = [],  # noqa: B006
    kinds: Annotated[str, typer.Option(help="Kinds of data; * for all.")] = "*",
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Record that a participant no longer agrees: from now on nothing flows under that purpose. To remove what is held: heedful erase."""
    from heedful.cli.rights import withdraw as run

    run(config, person, purpose, kinds, json)


@consent_app.command("show")
def consent_show(
    person: Annotated[str, typer.Argument(help="The participant's id; all if left out.")] = "", config: Config = CONFIG, json: Json = False
) -> None:
    """Show acts of consent and what is in force now."""
    from heedful.cli.rights import show as run

    run(config, person, json)


@app.command()
def erase(
    person: Annotated[str, typer.Argument(help="The participant's id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Erase a participant: every row and every derived row, then the files they lay in, then a receipt."""
    from heedful.cli.rights import erase as run

    run(config, person, yes, json)


@app.command()
def export(
    person: Annotated[str, typer.Argument(help="The participant's id.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files.")] = Path("export"),
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Write all that is held about a participant, as files a person can read and as FHIR."""
    from heedful.cli.rights import export as run

    run(config, person, out, json)


@app.command()
def explain(
    what: Annotated[list[str], typer.Argument(help="An id (alarm:1a2b3c4d5e6f, decision:…), or a kind and its key, as pages show it.")],
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Say in plain words where a number comes from, then show the rows behind it."""
    from heedful.cli.explain import explain as run

    run(config, what, json)


@app.command()
def compare(
    person: Annotated[str, typer.Argument(help="A participant's id.")],
    feature: Annotated[str, typer.Argument(help="A daily feature, such as steps[sum]; docs/behavior.md lists them.")],
    during: Annotated[list[str], typer.Option("--during", help="Days to compare with all others: FIRST/LAST; may be given again.")],
    trend: Annotated[bool, typer.Option(help="Take a steady drift over all days out first.")] = True,
    worthwhile: Annotated[float, typer.Option(help="The least difference that would matter, in the feature's unit.")] = 0.0,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Compare one person's feature in some days with their other days (an N-of-1 comparison)."""
    from heedful.cli.compare import compare as run

    run(config, person, feature, during, trend, worthwhile, json)


@app.command()
def impute(
    person: Annotated[str, typer.Argument(help="A participant's id.")],
    feature: Annotated[str, typer.Argument(help="A daily feature, such as steps[sum]; docs/features.md lists them.")],
    days: Annotated[int, typer.Option(help="How far the days may lie that speak for a missing one.", min=1)] = 28,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Show a feature's days with the missing ones filled and marked; heedful itself never uses a filled day."""
    from heedful.cli.impute import impute as run

    run(config, person, feature, days, json)


@audit_app.command("show")
def audit_show(last: Annotated[int, typer.Option(help="How many acts.")] = 20, config: Config = CONFIG, json: Json = False) -> None:
    """Show the latest acts."""
    from heedful.cli.rights import audit_show as run

    run(config, last, json)


@audit_app.command("verify")
def audit_verify(config: Config = CONFIG, json: Json = False) -> None:
    """Check the whole chain; exit 1 and name the first link that does not fit."""
    from heedful.cli.rights import audit_verify as run

    run(config, json)


@app.command()
def parity(
    folder: Annotated[Path, typer.Argument(help="A case, or a folder of cases.")],
    only: Annotated[str | None, typer.Option(help="Only this method.")] = None,
    json: Json = False,
) -> None:
    """Compare our methods with other programs' recorded answers; exit 0 only if every case passes."""
    from heedful.cli.parity import parity as run

    run(folder, only, json)


@evaluate_app.command("language")
def evaluate_language(
    data: Annotated[Path, typer.Option("--data", help="Folder of sets, in the shape of ../shared/data/nlp.")],
    train: Annotated[Path | None, typer.Option("--train", help="Folder to learn from; the same one if left out.")] = None,
    only: Annotated[str | None, typer.Option(help="Only tasks whose name begins so.")] = None,
    semantic: Annotated[Path | None, typer.Option(help="Judge claim retrieval with the sentence encoder of this folder.")] = None,
    transfer: Annotated[bool, typer.Option("--transfer", help="Show every head on every other set instead.")] = False,
    cards: Annotated[Path | None, typer.Option(help="Write the results that stand on the heads' cards to this file instead.")] = None,
    json: Json = False,
) -> None:
    """Learn the research heads, judge every task on test rows; exit 1 on a miss."""
    from heedful.cli.evaluate import cards as write_cards
    from heedful.cli.evaluate import language as run
    from heedful.cli.evaluate import transfer as show_transfer

    if cards is not None:
        write_cards(data, train, cards, json)
    elif transfer:
        show_transfer(data, train, json)
    else:
        run(data, train, only, json, semantic)


@evaluate_app.command("illness")
def evaluate_illness(
    data: Annotated[Path | None, typer.Option("--data", help="Folder of recordings, in the shape of ../shared/data/behavior.")] = None,
    simulate: Annotated[int, typer.Option("--simulate", help="How many simulated people.")] = 120,
    hourly: Annotated[int, typer.Option(help="On how many of them the slow hourly detectors run (under 8: not at all).")] = 16,
    days: Annotated[int, typer.Option(help="Days of each.")] = 120,
    seed: Annotated[int, typer.Option(help="Of the simulation.")] = 2,
    json: Json = False,
) -> None:
    """Judge detectors of illness onset forward in time: sensitivity, placebo onsets, alarms per person-month, days of earliness."""
    from heedful.cli.evaluate_illness import illness as run

    run(data, simulate, hourly, seed, days, json)


@evaluate_app.command("lapse")
def evaluate_lapse(
    file: Annotated[Path, typer.Argument(help="A dispensing table: person, drug, day, days supplied.")], json: Json = False
) -> None:
    """Judge the risk of a medication gap forward in time on a dispensing table: discrimination, calibration, net benefit."""
    from heedful.cli.evaluate_lapse import lapse as run

    run(file, json)


@app.command()
def learn(
    head: Annotated[str, typer.Argument(help="A head's name; 'list' shows all with their cards, 'show' one with its results.")],
    shown: Annotated[str | None, typer.Argument(help="After 'show': the head's name.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of sets that has the head's own.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where the weights go; HEAD.npz if left out.")] = None,
    json: Json = False,
) -> None:
    """Learn a head's weights from your own copy of its set, the same ones every time."""
    # before numpy is imported: sums by several threads come in another order on a busy machine, and weights differ in the eighth digit
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from heedful.cli.learn import learn as run
    from heedful.cli.learn import show

    if head == "show" and shown is not None:
        show(shown, json)
    else:
        run(head, data, out, json)


@app.command()
def backtest(
    config: Config = CONFIG,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Histories simulated as in Noufaily et al. 2013 instead of this site's.")
    ] = False,
    replicas: Annotated[int, typer.Option(help="How many outbreaks each series gets, one at a time (simulated: series a scenario).")] = 10,
    sizes: Annotated[tuple[float, float], typer.Option(help="Smallest and largest outbreak, in baseline standard deviations.")] = (
        2.0,
        10.0,
    ),
    dates: Annotated[int | None, typer.Option(help="Last dates tested; a year, or half of a shorter history, if left out.")] = None,
    false_alerts: Annotated[float, typer.Option(help="False alerts a year and series that can be borne.")] = 1.0,
    signal: Annotated[str, typer.Option(help="Only this signal.")] = "",
    place: Annotated[str, typer.Option(help="Only this place.")] = "",
    seed: Annotated[int, typer.Option(help="Seed of the outbreaks.")] = 7,
    picture: Annotated[Path | None, typer.Option(help="Draw the scores into this file, .svg or .png.")] = None,
    json: Json = False,
) -> None:
    """Put outbreaks into this site's own history: what would each detector have found, how soon, with how many false alerts?"""
    from heedful.cli.backtest import backtest as run

    run(config, simulate, replicas, sizes, dates, false_alerts, signal, place, seed, picture, json)


@vocabulary_app.command("add")
def vocabulary_add(
    file: Annotated[
        Path, typer.Argument(help="A table (term, code, label, type), OBO, obographs JSON, SKOS, RxNorm (RXNCONSO.RRF) or MeSH file.")
    ],
    kind: Annotated[str, typer.Option("--type", help="What all terms are, if the file does not say: symptom, condition or drug.")] = "",
    below: Annotated[str, typer.Option(help="Of an ontology only the concepts below this one, such as HP:0000118.")] = "",
    name: Annotated[str, typer.Option(help="Its name here; the file's if left out.")] = "",
    release: Annotated[str, typer.Option("--release", help="Its version, if the file does not state it.")] = "",
    licence: Annotated[str, typer.Option(help="Its licence, if the file does not state it.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace the vocabulary of this name.")] = False,
    language: Annotated[str, typer.Option(help="Of SKOS: the language of the labels that are taken.")] = "en",
    names: Annotated[str, typer.Option("--names", help="Of RxNorm: sources (SAB) whose names are taken, by commas.")] = "RXNORM",
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Check a vocabulary and keep it in the site's folder; the next run reads all texts again with it."""
    from heedful.cli.vocabulary import add as run

    raise typer.Exit(run(config, file, kind, below, name, release, licence, replace, json, language, names))


@vocabulary_app.command("remove")
def vocabulary_remove(
    name: Annotated[str, typer.Argument(help="Its name, as in: heedful vocabulary list.")], config: Config = CONFIG, json: Json = False
) -> None:
    """Take a vocabulary out of the site's folder; the next run reads all texts again without it."""
    from heedful.cli.vocabulary import removed as run

    run(config, name, json)


@vocabulary_app.command("crosswalk")
def vocabulary_crosswalk(
    code: Annotated[str, typer.Argument(help="A code, such as HP:0002315 or drug:sertraline; or another system's, such as MESH:D020191.")],
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Show the codes of other systems for a concept, or the concepts for another system's code."""
    from heedful.cli.vocabulary import crosswalks as run

    run(config, code, json)


@vocabulary_app.command("list")
def vocabulary_list(
    crosswalks: Annotated[bool, typer.Option("--crosswalks", help="Count the codes of other systems too.")] = False,
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """List the vocabularies in use: source, version, licence, number of terms."""
    from heedful.cli.vocabulary import listed as run

    run(config, json, crosswalks)


@vocabulary_app.command("test")
def vocabulary_test(
    text: Annotated[str, typer.Argument(help="A text in quotes.")],
    language: Annotated[str, typer.Option(help="Its language: en, es, de or fr; told from its words if left out.")] = "",
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Show the mentions that are found in a text: code, assertion, and the cue that decided it."""
    from heedful.cli.vocabulary import test as run

    run(config, text, json, language)


@guideline_app.command("add")
def guideline_add(
    file: Annotated[Path, typer.Argument(help="A FHIR R4 PlanDefinition, or a Bundle with its ActivityDefinitions, in JSON.")],
    name: Annotated[str, typer.Option(help="Its name here; the file's if left out.")] = "",
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Check a guideline and apply it to everybody from the next run on; what it proposes waits for approval."""
    from heedful.cli.guideline import add as run

    run(config, file, name, json)


@guideline_app.command("list")
def guideline_list(config: Config = CONFIG, json: Json = False) -> None:
    """Guidelines of this site, with version and date."""
    from heedful.cli.guideline import listed as run

    run(config, json)


@guideline_app.command("remove")
def guideline_remove(
    name: Annotated[str, typer.Argument(help="As 'heedful guideline list' shows it.")], config: Config = CONFIG, json: Json = False
) -> None:
    """Take a guideline back; its items go at the next run."""
    from heedful.cli.guideline import remove as run

    run(config, name, json)


@claims_app.command("add")
def claims_add(
    claim: Annotated[str, typer.Argument(help="The claim as one plain sentence, in quotes.")],
    source: Annotated[str, typer.Option("--source", help="Address of who checked it.")],
    verdict: Annotated[str, typer.Option("--verdict", help="What they found: false, misleading, unproven, mixed or true.")],
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Add a claim that somebody has checked."""
    from heedful.cli.claims import add as run

    run(config, claim, source, verdict, json)


@claims_app.command("list")
def claims_list(config: Config = CONFIG, json: Json = False) -> None:
    """List the claims with source and verdict."""
    from heedful.cli.claims import listed as run

    run(config, json)


@claims_app.command("match")
def claims_match(text: Annotated[str, typer.Argument(help="A text in quotes.")], config: Config = CONFIG, json: Json = False) -> None:
    """Show which claims a text may be about; says so if none matched."""
    from heedful.cli.claims import match as run

    run(config, text, json)


@claims_app.command("bursts")
def claims_bursts(config: Config = CONFIG, json: Json = False) -> None:
    """List what many people suddenly write near health context that matches no claim."""
    from heedful.cli.claims import bursts as run

    run(config, json)


@claims_app.command("dismiss")
def claims_dismiss(
    burst: Annotated[str, typer.Argument(help="Id of the burst, as the list shows it.")],
    reason: Annotated[str, typer.Option(help="Why, in a few words.")] = "",
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Take a burst off the list for good."""
    from heedful.cli.claims import dismissed as run

    run(config, burst, reason, json)


@words_app.command("list")
def words_list(config: Config = CONFIG, json: Json = False) -> None:
    """List new words with how many people say them, the score, and an example in which rare words are hidden."""
    from heedful.cli.words import listed as run

    run(config, json)


@words_app.command("accept")
def words_accept(
    phrase: Annotated[str, typer.Argument(help="The phrase as the list shows it, in quotes.")],
    code: Annotated[str, typer.Option("--code", help="Code of the concept it means, or one of your own such as local:brain_zaps.")],
    label: Annotated[str, typer.Option("--label", help="Name of the concept, as pages show it.")],
    kind: Annotated[str, typer.Option("--type", help="symptom, condition or drug.")],
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Take a phrase into this site's vocabulary; the next run reads all texts again."""
    from heedful.cli.words import accept as run

    run(config, phrase, code, label, kind, json)


@words_app.command("dismiss")
def words_dismiss(
    phrase: Annotated[str, typer.Argument(help="The phrase as the list shows it, in quotes.")],
    reason: Annotated[str, typer.Option(help="Why, in a few words.")] = "",
    config: Config = CONFIG,
    json: Json = False,
) -> None:
    """Take a phrase off the list for good."""
    from heedful.cli.words import dismissed as run

    run(config, phrase, reason, json)


@app.command()
def doctor(config: Config = CONFIG, json: Json = False) -> None:
    """Check this installation and site: versions, settings, rights, the audit chain, unfinished work."""
    from heedful.cli.catalog import doctor as run

    run(config, json)


def main() -> None:
    """Entry point: errors of ours become one sentence and exit code 2, Ctrl-C says how to go on."""
    from heedful.core.errors import HeedfulError

    for argument in sys.argv[1:]:
        if argument.encode("utf-8", "ignore").decode() != argument and not os.path.lexists(argument):  # a file's name may be any bytes
            _fail(f"The argument {argument!a} is not UTF-8 text. Write it anew in a terminal that is set to UTF-8.")
    try:
        # Without click's own exits, a command's exit code comes back as the answer.
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except HeedfulError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        typer.echo("\nStopped. Nothing is lost: run the same command again and it goes on from here.", err=True)
        sys.exit(130)
    except PermissionError as error:
        _fail(f"No right to use {error.filename}. Choose another folder, or ask its owner.")
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or ''}. Check the disk and the path.")
    except typer.Abort:
        _fail("Stopped.")
    except Exception as error:
        said = getattr(error, "format_message", None)
        if said is not None:
            _fail(f"{said()} See: heedful --help")
        raise


def _fail(message: str) -> None:
    if "--json" in sys.argv:
        import json

        typer.echo(json.dumps({"error": message}))
    else:
        typer.echo(message, err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
