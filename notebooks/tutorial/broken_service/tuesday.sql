-- A new person, and eight tasks of an old paper list. Two have no name.
INSERT INTO person (id, full_name, email) VALUES (6, 'Noor Haddad', 'noor@example.com');
INSERT INTO task (id, task_name, task_description) VALUES
    (15, 'mow the lawn', NULL),
    (16, 'mend the swing', NULL),
    (17, '', 'blue door, second floor'),
    (18, 'fill the salt box', NULL),
    (19, 'sort the tools', NULL),
    (20, '', 'ask the neighbour'),
    (21, 'label the pipes', NULL),
    (22, 'oil the hinges', NULL);
