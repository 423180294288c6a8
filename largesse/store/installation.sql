-- The installation: what exists once, beside all projects.

-- initialise --
-- For the one start that makes the first keys and the first account; a start beside it waits for its commit.
UPDATE installation SET initialised_at = now() WHERE initialised_at IS NULL RETURNING one

-- count_rows --
-- How much a project has, for a command that says what it looked at.
SELECT (SELECT count(*) FROM customers WHERE project_id = $1) AS customers,
  (SELECT count(*) FROM vouchers WHERE project_id = $1) AS vouchers,
  (SELECT count(*) FROM publications WHERE project_id = $1) AS publications

-- read_only --
-- Whatever a command that only reads tries to write, is refused.
SET default_transaction_read_only = on
