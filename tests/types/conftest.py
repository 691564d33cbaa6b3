"""The wrong programs are read by mypy and pyright, never imported."""

collect_ignore = ["wrong"]
