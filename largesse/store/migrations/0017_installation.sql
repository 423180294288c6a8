-- One row once an installation has its first keys and its first account: they are made once, by whichever server
-- initialises the database, and by no later start.
CREATE TABLE installation (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  initialised_at timestamptz(3) NOT NULL DEFAULT now()
);
INSERT INTO installation SELECT WHERE EXISTS (SELECT FROM api_keys) OR EXISTS (SELECT FROM users);
