"""Answers to questionnaires and forms: one module a program that asks."""

from heedful.sources.answers import odk as odk
from heedful.sources.answers import redcap as redcap
