"""Understanding posts: speed beside matchers and vectorizers, cost of a larger vocabulary, memory, first calls, hostile texts.

Real posts come from the folder that the environment variable HEEDFUL_NLP names (sets in the shape of ../shared/data/nlp), else from
that folder beside the checkout, else from the simulator. Peers run in an environment of their own, made under the bench's folder;
one that cannot be installed gives a line that is neither pass nor miss.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.language_posts import language_posts
from bench.measure import Line, at_least, at_most, fresh_process, median

SETS = Path(os.environ.get("HEEDFUL_NLP", "../shared/data/nlp"))
PEERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ahocorasick_rs": (("ahocorasick_rs",),),
    "flashtext2": (("flashtext2",),),
    "scikit-learn": (("scikit-learn",),),
    "medspacy": (("spacy", "click", "pysbd", "jsonschema", "PyRuSH"), ("--no-deps", "medspacy")),
}
"""What is installed, one call of pip after the other. QuickUMLS is left out of medspaCy: it wants leveldb, of which there is no wheel, and is
not measured."""


def lines(
    folder: Path, posts: int, rounds: int, terms: int, most_terms: int, hostile_bytes: int, long_bytes: int, compiling: bool
) -> list[Line]:
    """The table. `terms`: of the vocabulary; a tenth of it is compared with `most_terms`. `hostile_bytes`: of each hostile text, and twice that;
    `long_bytes`: of the one long post. `compiling`: whether to compile all kernels once more, to say how long that takes."""
    found = fresh_process("language:speeds", folder, posts, rounds, terms, long_bytes, one_core=True)
    few = fresh_process("language:warm", folder, posts, rounds, terms // 10, one_core=True)
    many = fresh_process("language:warm", folder, posts, rounds, most_terms, one_core=True)
    memory = fresh_process("language:memory", folder, posts, terms, one_core=True)
    first = fresh_process("language:first_call", folder, int(compiling), one_core=True)
    worst = fresh_process("language:hostile_ratios", hostile_bytes, one_core=True)
    beside = {name: peer(folder, name, wanted) for name, wanted in PEERS.items()}
    about = f"{found['posts']:,} posts, {found['from']}, {found['bytes']:.0f} bytes each; {terms:,} terms, {found['rules']:,} triggers, 12 outputs of 7 heads"
    made = [
        at_least("language: everything but the tagger, warm", found["warm"], "posts/s", 150_000, "", _peer(found, "scan"),
                 f"{about}; from a column of texts to rows found and probabilities; within it the kernel alone {found['kernel']:,.0f}/s"),
        at_least("language: the same, cold", found["cold"], "posts/s", 80_000, beside="the memo of words empty at the first post"),
        at_least("language: with the tagger where there is health context", found["tagged"], "posts/s", 60_000,
                 beside=f"tagger on the {found['health']:.0%} of posts that hold a mention"),
        at_most(f"language: a vocabulary of {terms // 10:,} → {most_terms:,} terms", few["warm"] / many["warm"], "×", 1.4,
                beside=f"{few['warm']:,.0f} and {many['warm']:,.0f} posts/s"),
        _ratio("language: match and context / ahocorasick_rs matching", found["scan"], beside["ahocorasick_rs"], 1.0,
               "raw substrings there, without word borders or context"),
        _ratio("language: match and context / flashtext2", found["scan"], beside["flashtext2"], 2.5, ""),
        _ratio("language: heads / scikit-learn hashing", found["heads"], beside["scikit-learn"], 35, "words 1-2, characters 3-5, 12 outputs"),
        _ratio("language: match and context / medspaCy with ConText", found["scan"], beside["medspacy"], 500, "2,000 terms there"),
        at_most(f"language: memory at {terms:,} terms", memory["peak_mb"], "MB", 800, beside="interpreter, posts, vocabulary and seven heads included"),
        at_most("language: vocabulary and its index", first["vocabulary"], "s", 1.0, beside="packaged vocabulary in a fresh process, of processor"),
        at_most("language: first call, compiled before", first["call"], "s", 0.1, beside=_compiled(first)),
        at_most("language: one post, p50", found["one_p50"], "µs", 20, beside=f"p99 {found['one_p99']:.0f} µs, by the clock; buffers in, scores out"),
        at_most(f"language: a post of {long_bytes / 1e6:g} MB", found["long"], "s", 1.0, beside="real posts in one; at the first sight"),
        at_most("language: hostile texts, time at 2 n / n", worst["ratio"], "×", 2.6,
                beside=f"worst of {worst['texts']}: {worst['name']} at {worst['nanoseconds']:.0f} ns a byte; slowest a byte: {worst['slowest']}"),
    ]  # fmt: skip
    return made


def _peer(found: dict[str, Any], name: str) -> str:
    return f"match and context alone {found[name]:,.0f}/s, heads alone {found['heads']:,.0f}/s"


def _ratio(what: str, ours: float, peer: float | str, bar: float, note: str) -> Line:
    if isinstance(peer, str):
        return Line(what, float("nan"), "×", f"≥ {bar:g}", True, beside=f"the peer could not be installed or run: {peer}")
    return at_least(what, ours / peer, "×", bar, "", f"{peer:,.0f}/s", note)


def _compiled(first: dict[str, Any]) -> str:
    taken = f"takes {first['compile']:.0f} s" if "compile" in first else "was not measured"
    return f"of processor; compiling, once an installation, {taken}"


# --- work of a process of its own


@functools.cache
def reader(terms: int) -> Any:
    """Seven heads with 12 outputs over a vocabulary of that many terms."""
    from heedful.language.heads.running import HeadReader
    from heedful.sources import packaged

    return HeadReader((packaged.head("treatment"), *(made_head(number) for number in range(6))), vocabulary_of(terms), memo=1 << 18)


def vocabulary_of(count: int) -> Any:
    """The packaged terms, cut to or filled up to `count`: with pairs and triples of their words, and words made of syllables."""
    import numpy as np
    import polars as pl

    from heedful.language.vocabulary import Vocabulary
    from heedful.sources import packaged

    known = packaged.vocabulary()
    if known.terms.height >= count:
        return Vocabulary(known.terms.sample(count, seed=1), known.rules)
    rng = np.random.default_rng(5)
    words = known.terms["term"].str.split(" ").explode().unique().sort().to_numpy()
    syllables = np.array(["ba", "cor", "dol", "fen", "gli", "xi", "mab", "nir", "ol", "pra", "quin", "ris", "sta", "tin", "vu", "zol"])
    lacking = count - known.terms.height
    coined = syllables[rng.integers(0, 16, (lacking, 4))]
    coined_words = [("".join(row)) for row in coined.tolist()]
    picked = words[rng.integers(0, words.size, (lacking, 2))].tolist()
    kind = rng.integers(0, 3, lacking).tolist()
    terms = [c if k == 0 else " ".join(p) if k == 1 else f"{p[0]} {c}" for c, p, k in zip(coined_words, picked, kind, strict=True)]
    made = pl.DataFrame({"term": terms}).with_columns(code="made:" + pl.col("term"), label="term", type=pl.lit("condition"))
    return Vocabulary(pl.concat([known.terms.select("term", "code", "label", "type"), made]), known.rules)


@functools.cache
def made_head(number: int) -> Any:
    """A yes or no head over words, characters and kinds of words, with as many columns as a learned one and weights made by chance."""
    import numpy as np

    from heedful.language.heads.blocks import Block, BlockWeights
    from heedful.language.heads.head import Head, Recipe, Stage
    from heedful.language.heads.logistic import Logistic
    from heedful.sources import packaged

    learned = packaged.head("treatment")
    rng, shared = np.random.default_rng(number), np.random.default_rng(0)
    blocks = []
    for one in learned.blocks[:3]:
        more = shared.choice(1 << 20, {"words": 100_000, "characters": 60_000, "kinds": 100}[one.block.kind], replace=False)
        columns = np.union1d(one.columns, more).astype(np.int32)
        blocks.append(
            BlockWeights(Block(one.block.kind, one.block.weight), columns, rng.uniform(2, 9, columns.size).astype(np.float32), 9.0)
        )
    weights = rng.normal(0, 0.1, (sum(block.columns.size for block in blocks) + 1, 1)).astype(np.float32)
    stage = Stage("own", Logistic(np.zeros(1), np.ones(1), np.array([[1.0, 0.0]])), 0.5, (0.4, 0.6), np.zeros(0))
    recipe = Recipe(f"made_{number}", "labels", ("made",), tuple(block.block for block in blocks))
    return Head(recipe, tuple(blocks), weights, np.zeros(1), (stage,), 0.5)


def _rate(work: Callable[[], object], posts: int, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return posts / median(times)


def warm(folder: str, posts: str, rounds: str, terms: str) -> dict[str, Any]:
    """The warm rate of everything but the tagger, and what it was measured with."""
    import polars as pl

    texts, origin = language_posts(int(posts), SETS, Path(folder))
    ours = reader(int(terms))
    _everything(ours, texts)
    return {
        "posts": texts.len(),
        "from": origin,
        "bytes": texts.str.len_bytes().cast(pl.Float64).sum() / max(texts.len(), 1),
        "rules": ours.vocabulary.rules.height,
        "warm": _rate(lambda: _everything(ours, texts), texts.len(), int(rounds)),
    }


def _everything(ours: Any, texts: Any) -> None:
    reading = ours.read(texts)
    for head in range(len(reading.heads)):
        reading.probabilities(head)


def speeds(folder: str, posts: str, rounds: str, terms: str, long_bytes: str) -> dict[str, Any]:
    import numpy as np
    import polars as pl

    from bench.measure import percentile
    from heedful.core.text_buffers import text_buffers
    from heedful.language.heads.running import HeadReader
    from heedful.language.kernels.scan import scan
    from heedful.language.vocabulary import Vocabulary

    found = warm(folder, posts, rounds, terms)
    texts, _ = language_posts(int(posts), SETS, Path(folder))
    n, again, ours = texts.len(), int(rounds), reader(int(terms))
    vocabulary = ours.vocabulary
    (Path(folder) / "posts.json").write_text(json.dumps(texts.to_list()))
    (Path(folder) / "terms.json").write_text(json.dumps(vocabulary.terms["term"].str.to_lowercase().unique().sort().to_list()))

    def cold() -> None:
        ours.forget()
        _everything(ours, texts)

    found["cold"] = _rate(cold, n, max(2, again // 2))
    offsets, data = text_buffers(texts)
    scores, seen, words = np.empty((n, 12)), np.empty((n, 7)), np.empty(n, np.int64)
    found["kernel"] = _rate(lambda: ours._scan(data, offsets, scores, seen, words), n, again)
    scan(data, offsets, vocabulary.index)
    found["scan"] = _rate(lambda: scan(data, offsets, vocabulary.index), n, again)

    nothing = Vocabulary(vocabulary.terms.filter(pl.col("term") == "headache").head(1), vocabulary.rules.clear())
    from dataclasses import replace as changed

    alone = HeadReader(tuple(_text_only(head, changed) for head in ours.heads), nothing, memo=1 << 18)
    alone.read(texts)
    found["heads"] = _rate(lambda: alone.read(texts), n, again)
    found |= _tagged(texts, vocabulary, found, again)

    one, singles = np.empty((1, 12)), []
    one_seen, one_words = np.empty((1, 7)), np.empty(1, np.int64)
    for post in range(min(2_000, n)):
        begun = time.perf_counter()
        ours._scan(data, offsets[post : post + 2], one, one_seen, one_words)
        singles.append((time.perf_counter() - begun) * 1e6)
    found["one_p50"], found["one_p99"] = percentile(singles, 0.5), percentile(singles, 0.99)
    size = int(long_bytes)
    long = pl.Series([(" ".join(texts.to_list()) * (1 + size // max(1, data.size)))[:size]])
    ours.forget()
    begun = time.process_time()
    ours.read(long)
    found["long"] = time.process_time() - begun
    return found


def _text_only(head: Any, changed: Any) -> Any:
    """The head without what needs a vocabulary or a lexicon: words and characters, as the peer has them."""
    import numpy as np

    width = sum(block.columns.size for block in head.blocks[:2])
    recipe = changed(head.recipe, blocks=head.recipe.blocks[:2])
    return changed(head, recipe=recipe, blocks=head.blocks[:2], weights=np.vstack([head.weights[:width], head.weights[-1:]]))


def _tagged(texts: Any, vocabulary: Any, known: dict[str, Any], rounds: int) -> dict[str, Any]:
    """The rate with the tagger run on the posts that hold a mention."""
    from heedful.language.matching import find
    from heedful.language.tagger.dictionary import marks_of
    from heedful.language.tagger.tagger import tag_marked
    from heedful.sources import packaged

    rows = find(texts, vocabulary.index)["post"].unique().sort()
    healthy, tagger = texts.gather(rows), packaged.tagger("side_effects")
    found = find(healthy, vocabulary.index)  # the pass over all posts has found it already: `found_beside` is given it

    def tagged() -> None:
        tag_marked(healthy, tagger, marks_of(found, vocabulary))

    tagged()
    seconds = healthy.len() / _rate(tagged, healthy.len(), max(2, rounds // 2))
    return {"tagged": texts.len() / (texts.len() / known["warm"] + seconds), "health": healthy.len() / texts.len()}


def memory(folder: str, posts: str, terms: str) -> dict[str, Any]:
    texts, _ = language_posts(int(posts), SETS, Path(folder))
    reader(int(terms)).read(texts)
    return {}


def first_call(folder: str, compiling: str) -> dict[str, Any]:
    """In fresh processes: the vocabulary and its index; the first call with compiled kernels, and without, if `compiling` is not 0."""
    compiled = _child(dict(os.environ))
    if not int(compiling):
        return compiled
    bare = _child({**os.environ, "NUMBA_CACHE_DIR": str(Path(folder) / f"numba-{time.time_ns()}")})
    return {**compiled, "compile": bare["call"]}


_FIRST = """
import json, time
begun = time.process_time()
import polars as pl
import heedful.sources.packaged as packaged
imported = time.process_time() - begun
begun = time.process_time()
words = packaged.vocabulary()
words.index
vocabulary = time.process_time() - begun
reader = packaged.heads().load(words)
reader.tables, reader._memo
begun = time.process_time()
reader.read(pl.Series(["I took Zoloft and got a headache."]))
print(json.dumps({"vocabulary": vocabulary, "call": time.process_time() - begun, "imported": imported}))
"""


def _child(environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", _FIRST], env=environment, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def hostile_ratios(size: str) -> dict[str, Any]:
    """The largest ratio of time at 2 n to time at n over all hostile texts, measured again where it looks bad: a busy machine lies."""
    import polars as pl

    from bench.language_hostile import hostile
    from heedful.sources import packaged

    ours = packaged.heads().load(packaged.vocabulary())
    ours.read(pl.Series(["warm"]))
    worst, slowest, texts = {"ratio": 0.0, "name": "", "nanoseconds": 0.0}, ("", 0.0), 0
    for (name, short), (_, long) in zip(hostile(int(size)), hostile(2 * int(size)), strict=True):
        texts += 1
        ratio, each = 9.0, 0.0
        for _ in range(6):
            a, b = _least(ours, short), _least(ours, long)
            ratio, each = min(ratio, b / a * len(short.encode()) * 2 / len(long.encode())), a / len(short.encode()) * 1e9
            if ratio < 2.3:
                break
        if ratio > worst["ratio"]:
            worst = {"ratio": ratio, "name": name, "nanoseconds": each}
        slowest = max(slowest, (name, each), key=lambda one: one[1])
    return {**worst, "texts": texts, "slowest": f"{slowest[0]}, {slowest[1]:.0f} ns"}


def _least(ours: Any, text: str) -> float:
    import polars as pl

    series, times = pl.Series([text]), []
    for _ in range(3):
        ours.forget()
        begun = time.process_time_ns()
        ours.read(series)
        times.append(time.process_time_ns() - begun)
    return min(times) / 1e9


# --- peers


def peer(folder: Path, name: str, wanted: tuple[tuple[str, ...], ...]) -> float | str:
    """Posts a second of a peer in its own environment, or why there is none."""
    home = folder / f"peer-{name}"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        for command in ([sys.executable, "-m", "venv", str(home)], *([*pip, *names] for names in wanted)):
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
            if done.returncode:
                return (done.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
        (home / "ready").touch()
    work = [str(python), str(Path(__file__).with_name("language_peers.py")), name, str(folder / "posts.json"), str(folder / "terms.json")]
    done = subprocess.run(work, capture_output=True, text=True, check=False, timeout=900, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
    return float(json.loads(done.stdout.splitlines()[-1])["rate"])
