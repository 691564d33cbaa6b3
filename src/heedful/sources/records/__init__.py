"""Records of care: FHIR R4, OMOP, PharmCAT's reports, dispensing tables, and any CSV by a declared mapping."""

from heedful.sources.records import dispensing, fhir, mapped, omop, pharmcat

__all__ = ["dispensing", "fhir", "mapped", "omop", "pharmcat"]
