-- Five tasks of Wednesday. They are in database.db-wal only when the files are copied.
INSERT INTO task (id, task_name, task_description, owner_id) VALUES
    (23, 'fix the tap', 'in the kitchen', 2),
    (24, 'replace the lock', NULL, 4),
    (25, 'clear the drain', NULL, 6),
    (26, 'fetch the parcel', NULL, NULL),
    (27, 'air the cellar', NULL, 1);
