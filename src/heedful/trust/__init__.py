"""Promises: consent, pseudonyms, de-identification, disclosure, audit; and the doors at which a label changes."""
