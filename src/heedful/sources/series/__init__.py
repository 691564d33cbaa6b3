"""Official series: counts that somebody issued on a date."""

from heedful.sources.series import ilinet, table

__all__ = ["ilinet", "table"]
