"""The task service: one set of tables, a sync and an async version."""
