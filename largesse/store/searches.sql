-- Looking for something by a part of its name. An index for substrings would be an extension, and we need none: codes are
-- read from the index that they have anyway, people from their table, from end to end and by several processes at once.

-- matching_codes --
-- Keys of codes that match $2, at most $3. The index has all that is asked for, so no voucher is visited.
SELECT v.code_key FROM vouchers v
WHERE v.project_id = $1 AND v.deleted_at IS NULL AND v.code_key LIKE $2 LIMIT $3

-- newest_of_codes --
-- Of the vouchers with the keys $2 the newest, $3 of them behind $4.
SELECT v.id FROM vouchers v WHERE v.project_id = $1 AND v.deleted_at IS NULL AND v.code_key = ANY ($2::text[])
ORDER BY v.created_at DESC, v.id DESC LIMIT $3 OFFSET $4

-- newest_matching --
-- The same for a part of the code, $2, which so many have that the newest are soon found.
SELECT v.id FROM vouchers v WHERE v.project_id = $1 AND v.deleted_at IS NULL AND v.code_key LIKE $2
ORDER BY v.created_at DESC, v.id DESC LIMIT $3 OFFSET $4

-- search_campaign --
-- Vouchers of the campaign $3 whose code matches $2: the newest first, $4 of them behind $5; and how many there are.
WITH found AS MATERIALIZED (
  SELECT v.id, v.created_at FROM vouchers v
  WHERE v.project_id = $1 AND v.campaign_id = $3 AND v.deleted_at IS NULL AND v.code_key LIKE $2
)
SELECT (SELECT count(*) FROM found) AS total,
  ARRAY(SELECT f.id FROM found f ORDER BY f.created_at DESC, f.id DESC LIMIT $4 OFFSET $5) AS ids

-- search_customers --
-- Customers whose name has a part like one of $6, whose address or source id one like $2, or whose id is $3: the same way.
-- lower() and ILIKE know the small letters of ASCII only here, and ILIKE would make those of the pattern anew for each.
WITH found AS MATERIALIZED (
  SELECT c.id, c.created_at FROM customers c
  WHERE c.project_id = $1 AND c.deleted_at IS NULL AND (
    lower(c.name) LIKE ANY ($6::text[]) OR lower(c.email) LIKE $2 OR lower(c.source_id) LIKE $2 OR c.id = $3)
)
SELECT (SELECT count(*) FROM found) AS total,
  ARRAY(SELECT f.id FROM found f ORDER BY f.created_at DESC, f.id DESC LIMIT $4 OFFSET $5) AS ids
