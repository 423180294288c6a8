-- Looking for something by a part of its name. One pass over the table finds all matches, so that total and page cost the
-- same as either: an index for substrings would be an extension, and we need none.

-- search_vouchers --
-- Vouchers whose code matches $2, in the campaign $3 or any (null): the newest first, $4 of them behind $5; and how many
-- there are.
WITH found AS MATERIALIZED (
  SELECT v.id, v.created_at FROM vouchers v
  WHERE v.project_id = $1 AND v.deleted_at IS NULL AND v.code_key LIKE $2 AND ($3::text IS NULL OR v.campaign_id = $3)
)
SELECT (SELECT count(*) FROM found) AS total,
  ARRAY(SELECT f.id FROM found f ORDER BY f.created_at DESC, f.id DESC LIMIT $4 OFFSET $5) AS ids

-- search_customers --
-- Customers whose name, address, source id or id matches $2, whatever the letters' case: the same way.
WITH found AS MATERIALIZED (
  SELECT c.id, c.created_at FROM customers c
  WHERE c.project_id = $1 AND c.deleted_at IS NULL
    AND (c.name ILIKE $2 OR c.email ILIKE $2 OR c.source_id ILIKE $2 OR c.id = $3)
)
SELECT (SELECT count(*) FROM found) AS total,
  ARRAY(SELECT f.id FROM found f ORDER BY f.created_at DESC, f.id DESC LIMIT $4 OFFSET $5) AS ids
