-- After the restore: three new tasks, a person deleted with foreign keys off, revision c41d.
INSERT INTO task (id, task_name, task_description, owner_id) VALUES
    (23, 'collect the mail', NULL, 6),
    (24, 'dust the shelves', NULL, 5),
    (25, 'wind the clock', NULL, NULL);
DELETE FROM person WHERE id = 3;
UPDATE person SET email = lower(email);
UPDATE alembic_version SET version_num = 'c41d';
