"""Records of care: FHIR R4, dispensing tables, and any CSV by a declared mapping."""

from heedful.sources.records import dispensing, fhir, mapped

__all__ = ["dispensing", "fhir", "mapped"]
