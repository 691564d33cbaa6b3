"""Build the taggers that come with heedful from sets that allow it; the same sets give the same bytes.

    python scripts/build_taggers.py ../shared/data/nlp

Writes src/heedful/data/tagger_*.bin. Learned from the train and dev rows only, so that the test rows stay unseen:
- tagger_side_effects: PsyTAR (Zolnoori et al. 2019, Data in Brief 24:103838), CC BY 4.0; types ADR, DI, SSI, WD; with the packaged vocabulary;
- tagger_diseases_es: SocialDisNER (Gasco et al. 2022), CC BY 4.0; Spanish tweets;
- tagger_locations: Broad Twitter Corpus (Derczynski et al. 2016), CC BY 4.0; types LOC, ORG, PER; with the packaged gazetteer.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from heedful.language.tagger.packing import pack, unpack
from heedful.language.tagger.tagger import learn_tagger, tag
from heedful.loops.evaluate.sets import held_out_rows, train_rows
from heedful.loops.evaluate.spans import SETS, compare, marked, overlap_f1, strict_f1, whole_texts

TAGGERS = {
    "side_effects": ("psytar.side_effect_spans", "test"),
    "diseases_es": ("socialdisner.disease_spans", "valid"),
    "locations": ("broad_twitter.location_spans", "test"),
}
ROWS = 80_000
BITS = 18


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of sets in the shape of ../shared/data/nlp")
    parser.add_argument("--only", choices=TAGGERS, help="build one of them")
    chosen = parser.parse_args()
    for name, (task, split) in TAGGERS.items():
        if chosen.only in (None, name):
            build(chosen.data, name, task, split)


def build(data: Path, name: str, task: str, split: str) -> None:
    kind = SETS[task]
    texts, spans = marked(whole_texts(train_rows(data, kind.folder, kind.train)), kind.types)
    recipe = dataclasses.replace(kind.recipe, bits=BITS)
    packed = pack(learn_tagger(texts, spans, recipe=recipe, seed=0, vocabulary=kind.vocabulary()), rows=ROWS)
    path = Path(__file__).parents[1] / "src" / "heedful" / "data" / f"tagger_{name}.bin"
    path.write_bytes(packed)
    texts, gold = marked(whole_texts(held_out_rows(data, kind.folder, split)), (kind.judged,))
    found = tag(texts, unpack(packed), vocabulary=kind.vocabulary())
    counts = compare(gold, found.filter(found["type"] == kind.judged), texts.len())
    print(f"{path.name}: {len(packed):,} bytes; {split} strict F1 {strict_f1(counts):.3f}, overlap F1 {overlap_f1(counts):.3f}")


if __name__ == "__main__":
    main()
