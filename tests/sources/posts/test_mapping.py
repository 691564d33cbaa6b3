from __future__ import annotations

from pathlib import Path

import pytest

from heedful.core.errors import SettingsError, SourceError
from heedful.sources.posts.mapping import guess, likeness, resolve

PATH = Path("posts.csv")


def test_names_are_found_however_they_are_spelled() -> None:
    found = guess(["Tweet ID", "createdAt", "User Name", "Full-Text", "Lang", "score"])
    assert found == {"text": "Full-Text", "post": "Tweet ID", "author": "User Name", "posted_at": "createdAt", "language": "Lang"}
    assert guess(["post", "author"])["text"] == "post", "a column is used once"
    assert "post" not in guess(["post"])
    assert "text" not in guess(["text"], text_names=[])


def test_weak_names_alone_are_no_posts() -> None:
    assert likeness(guess(["drug", "comment"])) == 0.2
    assert likeness(guess(["id", "author", "date", "comment"])) == 0.45
    assert likeness(guess(["id", "text"])) > 0.45
    assert likeness(guess(["steps", "date"])) == 0.0


def test_what_is_declared_wins_and_is_checked() -> None:
    found = resolve(PATH, ["id", "text", "claim", "date"], {"text": "claim", "posted_at": ""})
    assert found == {"text": "claim", "post": "id"}
    assert resolve(PATH, ["user", "text"], {"author": "user.screen_name"})["author"] == "user.screen_name"
    with pytest.raises(SettingsError, match="wrter"):
        resolve(PATH, ["text"], {"wrter": "text"})
    with pytest.raises(SourceError, match=r"no column 'body'.*'text'"):
        resolve(PATH, ["text"], {"text": "body"})
    with pytest.raises(SourceError, match=r"no column looks like the text.*columns = \{text"):
        resolve(PATH, ["claim", "evidence"], {})
