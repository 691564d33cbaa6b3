"""Every colour of the page, once: as CSS variables for the text around charts, and as stand-ins that charts are drawn with.

A chart is drawn with a stand-in such as `#fe0106`; `drawing` replaces it by `var(--blue)`, so that one SVG serves light, dark and
print. Hues follow Okabe and Ito (2008), darkened or lightened until text reaches a contrast of 4.5 and marks of 3 on both grounds.
"""

from __future__ import annotations

from typing import Any

LIGHT = {
    "page": "#f6f4ef", "card": "#ffffff", "ink": "#1d2329", "muted": "#545d68", "line": "#dedad1", "grid": "#e9e6df",
    "blue": "#1b5e94", "band": "#d5e4f0", "alarm": "#b23c06", "teal": "#00705a", "amber": "#8a5d00", "purple": "#7d4787",
    "grey": "#6b747e", "night": "#3f4f8f", "soft": "#7a94b0", "hatch": "#9a958a", "wash": "#eef3f8", "alert": "#fdf0e9",
}  # fmt: skip
DARK = {
    "page": "#121518", "card": "#1a1e23", "ink": "#eceae5", "muted": "#adb5be", "line": "#363d45", "grid": "#2a3037",
    "blue": "#7cb7e8", "band": "#24405a", "alarm": "#ff9a66", "teal": "#55c7a6", "amber": "#e2b04a", "purple": "#d3a4df",
    "grey": "#98a1ab", "night": "#98a8f0", "soft": "#5d7894", "hatch": "#77736a", "wash": "#1d2731", "alert": "#33231a",
}  # fmt: skip

STAND_IN = {name: f"#fe01{number:02x}" for number, name in enumerate(LIGHT)}
HATCHED = "#fe02ff"
"""Stand-in for the hatching that says: missing, not zero."""

AXIS_WIDTH = 46
SHORT_NUMBER = "datum.value === 0 ? '0' : abs(datum.value) < 1 ? format(datum.value, '.2~r') : format(datum.value, '~s')"
"""Label of an axis of counts: 1.5k for 1,500, and 0 for 0 (a shared prefix would write 0k)."""


def paint(name: str) -> str:
    """The stand-in of a colour, for use in a chart; raises `KeyError` on a colour that the page does not have."""
    return STAND_IN[name]


def variables() -> str:
    """The CSS variables: light by default and on paper, dark where the reader prefers it."""
    light = ";".join(f"--{name}:{value}" for name, value in LIGHT.items())
    dark = ";".join(f"--{name}:{value}" for name, value in DARK.items())
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        "@media print{:root{color-scheme:light}}\n"
    )


def config() -> dict[str, Any]:
    """Vega-Lite configuration of every chart: quiet axes, no frame, no ARIA inside (the page labels the whole picture)."""
    axis = {
        "domain": False, "ticks": False, "grid": True, "gridColor": paint("grid"), "gridWidth": 1, "labelColor": paint("muted"),
        "labelFontSize": 11, "labelPadding": 6, "titleColor": paint("muted"), "titleFontSize": 11, "titleFontWeight": "normal",
        "labelFont": "sans-serif", "titleFont": "sans-serif",
    }  # fmt: skip
    return {
        "background": None,
        "padding": {"left": 2, "right": 10, "top": 4, "bottom": 2},
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"grid": False, "domain": True, "domainColor": paint("line"), "ticks": True, "tickColor": paint("line"), "tickSize": 4},
        "title": {
            "anchor": "start", "color": paint("ink"), "fontSize": 12.5, "fontWeight": 600, "offset": 8, "subtitleColor": paint("muted"),
            "subtitleFontSize": 11, "frame": "group",
        },
        "text": {"color": paint("muted"), "fontSize": 11},
        "concat": {"spacing": 26},
    }  # fmt: skip
