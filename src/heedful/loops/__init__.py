"""Which derivations run in which order, and what a site does in one run."""
