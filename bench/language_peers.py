"""Peers of the language room, run by a Python of their own: `python language_peers.py PEER POSTS TERMS WEIGHTS` prints posts a second.

Nothing of heedful is imported here. Times are those of the processor; the best of three passes (one for the slow ones).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def fastest(work: Callable[[], object], posts: int, rounds: int = 3) -> float:
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return posts / min(times)


def ahocorasick(posts: list[str], terms: list[str]) -> dict[str, float]:
    """Leftmost-longest, raw substrings of text that is lower-cased already: no word borders, no context."""
    import ahocorasick_rs  # type: ignore[import-not-found]

    found = ahocorasick_rs.AhoCorasick(terms, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)
    lowered = [post.lower() for post in posts]
    return {"rate": fastest(lambda: [found.find_matches_as_indexes(post) for post in lowered], len(posts))}


def flashtext(posts: list[str], terms: list[str]) -> dict[str, float]:
    import flashtext2  # type: ignore[import-not-found]

    processor = flashtext2.KeywordProcessor(case_sensitive=False)
    processor.add_keywords_from_iter(terms)
    return {"rate": fastest(lambda: [processor.extract_keywords(post) for post in posts], len(posts))}


def hashing(posts: list[str], _: list[str]) -> dict[str, float]:
    """Words 1-2 and characters 3-5 within words, hashed into 2 ** 20 columns each, twelve outputs."""
    import numpy as np
    from scipy import sparse
    from sklearn.feature_extraction.text import HashingVectorizer  # type: ignore[import-untyped]

    words = HashingVectorizer(ngram_range=(1, 2), n_features=1 << 20, alternate_sign=False)
    characters = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=1 << 20, alternate_sign=False)
    weights = np.random.default_rng(0).normal(size=(2 << 20, 12)).astype(np.float32)
    few = posts[:4_000]

    def work() -> None:
        rows = sparse.hstack([words.transform(few), characters.transform(few)], format="csr")
        _ = rows @ weights

    return {"rate": fastest(work, len(few), 1)}


def medspacy(posts: list[str], terms: list[str]) -> dict[str, float]:
    """The target matcher and ConText with the rules that come with it, with 2,000 of the terms."""
    import medspacy as package  # type: ignore[import-not-found]
    from medspacy.ner import TargetRule  # type: ignore[import-not-found]

    pipeline = package.load(medspacy_enable=["medspacy_pyrush", "medspacy_target_matcher", "medspacy_context"])
    pipeline.get_pipe("medspacy_target_matcher").add([TargetRule(term, "TERM") for term in terms[:2_000]])
    few = posts[:400]
    return {"rate": fastest(lambda: [pipeline(post) for post in few], len(few), 1)}


PEERS = {"ahocorasick_rs": ahocorasick, "flashtext2": flashtext, "scikit-learn": hashing, "medspacy": medspacy}


def main() -> None:
    name, posts, terms = sys.argv[1:4]
    read = [json.loads(Path(path).read_text()) for path in (posts, terms)]
    print(json.dumps(PEERS[name](*read)))


if __name__ == "__main__":
    main()
