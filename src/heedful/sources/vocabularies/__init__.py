"""Vocabularies of one's own: a table, an OBO file or an obographs document becomes terms, with where they come from."""
