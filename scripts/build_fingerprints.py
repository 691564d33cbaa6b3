"""Write `src/heedful/data/fingerprints.json`: the fingerprints of the packaged vocabulary and gazetteer, with a digest of their files.

    python -m scripts.build_fingerprints

To be run after a change of their tables, or of the code that puts them together; `tests/sources/test_packaged_later.py` says when.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import orjson

from heedful.sources import packaged, packaged_later

DATA = Path(__file__).resolve().parents[1] / "src" / "heedful" / "data"


def main() -> None:
    """Read both tables whole and write what they are."""
    found = {
        "unicode": unicodedata.unidata_version,
        "gazetteer": {"files": packaged_later.digest(packaged_later.GAZETTEER_FILES), "fingerprint": packaged.gazetteer().fingerprint},
        "vocabulary": {"files": packaged_later.digest(packaged_later.VOCABULARY_FILES), "fingerprint": packaged.vocabulary().fingerprint},
    }
    (DATA / packaged_later.RECORDED).write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
