"""The lake (bulk tables) and the ledger (acts): what touches disk."""
