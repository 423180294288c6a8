-- One row that the readiness check writes to: a database that can only be read isn't ready.
CREATE TABLE readiness (
  id int PRIMARY KEY CHECK (id = 1),
  checked_at timestamptz(3) NOT NULL DEFAULT now()
) WITH (fillfactor = 10);
