"""Fixed places in a chart, in pixels from its top left corner, as ready channels: Altair is slow to class bare values."""

from __future__ import annotations

import altair as alt


def x_at(pixels: float) -> alt.XValue:
    """Left edge or place, from the left."""
    return alt.XValue(pixels)  # type: ignore[no-untyped-call]


def y_at(pixels: float) -> alt.YValue:
    """Upper edge or place, from the top."""
    return alt.YValue(pixels)  # type: ignore[no-untyped-call]


def y_to(pixels: float) -> alt.Y2Value:
    """Lower edge, from the top."""
    return alt.Y2Value(pixels)  # type: ignore[no-untyped-call]
