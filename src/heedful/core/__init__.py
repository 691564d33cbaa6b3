"""Labels, frames, schemas, derivations, registries, errors, clock: what every room stands on."""
