"""Compiled inner loops. Each has a slow plain-Python twin in the tests that must find the same mentions."""
