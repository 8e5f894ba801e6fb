-- Monday morning: what the backup holds. Revision 0003, as chapter 12 leaves it.
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE person (
    name VARCHAR(100) NOT NULL,
    email VARCHAR(254) NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uq_person_email UNIQUE (email)
);
CREATE TABLE task (
    task_name VARCHAR(100) NOT NULL,
    id INTEGER NOT NULL,
    task_description VARCHAR(1000),
    owner_id INTEGER,
    PRIMARY KEY (id),
    CONSTRAINT fk_task_owner_id_person FOREIGN KEY(owner_id) REFERENCES person (id) ON DELETE RESTRICT
);
CREATE INDEX ix_task_owner_id ON task (owner_id);

INSERT INTO alembic_version VALUES ('0003');
INSERT INTO person (id, name, email) VALUES
    (1, 'Ines Roth', 'Ines@example.com'),
    (2, 'Jonas Beck', 'JB@example.com'),
    (3, 'Olga Senn', 'olga@example.com'),
    (4, 'Karim Aziz', 'K.Aziz@example.com'),
    (5, 'Lena Koch', 'lena@example.com');
INSERT INTO task (id, task_name, task_description, owner_id) VALUES
    (1, 'sweep the yard', NULL, 1),
    (2, 'oil the gate', NULL, 2),
    (3, 'water the plants', 'not the cactus', 3),
    (4, 'order new keys', 'three of them', 4),
    (5, 'read the meters', NULL, NULL),
    (6, 'clean the gutter', NULL, 5),
    (7, 'repair the bell', NULL, 3),
    (8, 'paint the fence', 'green', 2),
    (9, 'change the bulbs', NULL, 1),
    (10, 'test the alarm', NULL, NULL),
    (11, 'empty the bins', NULL, 4),
    (12, 'check the boiler', NULL, 3),
    (13, 'wash the windows', NULL, 5),
    (14, 'call the lift firm', NULL, 1);
