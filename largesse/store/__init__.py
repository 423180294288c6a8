"""All SQL, the migrations, and the mapping from rows to records."""
