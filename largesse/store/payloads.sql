-- save_payload --
-- The pieces of a payload, numbered from 0.
INSERT INTO payloads (project_id, action_id, number, rows)
SELECT $1, $2, p.number - 1, p.rows FROM jsonb_array_elements($3::jsonb) WITH ORDINALITY AS p (rows, number)

-- get_piece --
-- One piece as it was sent.
SELECT rows FROM payloads WHERE project_id = $1 AND action_id = $2 AND number = $3

-- close_piece --
-- The piece is done: what was wrong with its rows takes their place.
UPDATE payloads SET rows = $4 WHERE project_id = $1 AND action_id = $2 AND number = $3

-- take_failures --
-- All pieces up to $3 are done: what was wrong, in the order of the rows. The payload is gone after this.
WITH gone AS (
  DELETE FROM payloads WHERE project_id = $1 AND action_id = $2 RETURNING number, rows
)
SELECT rows FROM gone WHERE number < $3 ORDER BY number
