"""Records of care: FHIR R4, OMOP, dispensing tables, and any CSV by a declared mapping."""

from heedful.sources.records import dispensing, fhir, mapped, omop

__all__ = ["dispensing", "fhir", "mapped", "omop"]
