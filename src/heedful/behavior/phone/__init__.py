"""Features of a phone: its battery and its calls. Importing it registers their methods."""

from __future__ import annotations

from heedful.behavior.phone import battery as battery
from heedful.behavior.phone import calls as calls
