"""A town whose truth is known: people, devices, posts, outbreaks, rumours, treatments; all made up, from a seed, and marked so."""
