"""Phones in research: one module a platform's export, each a `Source`."""

from heedful.sources.phones import aware as aware
from heedful.sources.phones import beiwe as beiwe
from heedful.sources.phones import radar as radar
