"""Behaviour and body: from minutes, nights and dispensings to named features, adherence and changes. Importing it registers its methods."""

from __future__ import annotations

from heedful.behavior import adherence as adherence
from heedful.behavior import nightsignal as nightsignal
