"""Facts and marts: what each table holds, and the SQL that makes it."""
