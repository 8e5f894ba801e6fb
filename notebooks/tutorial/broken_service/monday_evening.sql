-- What revision 2f8e does, and what was done by hand afterwards.
CREATE TABLE new_person (
    email VARCHAR(254) NOT NULL,
    id INTEGER NOT NULL,
    full_name VARCHAR(100) DEFAULT '' NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uq_person_email UNIQUE (email)
);
INSERT INTO new_person (id, email) SELECT id, email FROM person;
DROP TABLE person;
ALTER TABLE new_person RENAME TO person;
UPDATE alembic_version SET version_num = '2f8e';

UPDATE person SET full_name = 'Lena Weber' WHERE id = 5;
