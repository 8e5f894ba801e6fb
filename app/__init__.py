"""The task service: one set of tables, one database, a sync and an async version."""
