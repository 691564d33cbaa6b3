"""Associations with something measured with error (a questionnaire, a cheap sensor), and what they would be without it."""

from heedful.behavior.measurement_error.calibration import CalibrationLine, calibration_line
from heedful.behavior.measurement_error.regression_calibration import regression_calibration
from heedful.behavior.measurement_error.simex import simex
from heedful.behavior.measurement_error.simex_bootstrap import simex_bootstrap

__all__ = ["CalibrationLine", "calibration_line", "regression_calibration", "simex", "simex_bootstrap"]
