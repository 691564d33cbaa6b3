"""Glucose: from readings of a sensor to time in range, variability, risk and excursions. Importing it registers its methods."""

from __future__ import annotations

from heedful.behavior.glucose import summary as summary
from heedful.behavior.glucose.daily import daily_glucose as daily_glucose
