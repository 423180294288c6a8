-- create_segment --
-- In the lowest free slot of $6 to $7, which limits how many there are. No row when none is free, or when somebody took
-- it at the same moment.
INSERT INTO segments (project_id, id, name, type, filter, slot)
SELECT $1, $2, $3, $4, $5::jsonb, free.slot
FROM (
  SELECT min(n) AS slot FROM generate_series($6::int, $7::int) AS n
  WHERE NOT EXISTS (SELECT FROM segments s WHERE s.project_id = $1 AND s.slot = n)
) AS free
WHERE free.slot IS NOT NULL
ON CONFLICT (project_id, slot) DO NOTHING
RETURNING id, name, type, filter, created_at

-- count_slots --
-- How many of the slots $2 to $3 are taken.
SELECT count(*) FROM segments WHERE project_id = $1 AND slot BETWEEN $2 AND $3

-- add_members --
-- The customers $3 of a new static segment.
INSERT INTO segment_members (project_id, segment_id, customer_id) SELECT $1, $2, n.id FROM unnest($3::text[]) AS n (id)

-- get_segment --
-- By id.
SELECT id, name, type, filter, created_at FROM segments WHERE project_id = $1 AND id = $2

-- delete_segment --
-- Its members go beside it.
DELETE FROM segments WHERE project_id = $1 AND id = $2 RETURNING id

-- delete_members --
-- Of a segment that goes: at most as many as one may have.
DELETE FROM segment_members WHERE project_id = $1 AND segment_id = $2

-- leave_segments --
-- A customer who goes; says which segments he was in.
DELETE FROM segment_members WHERE project_id = $1 AND customer_id = $2 RETURNING segment_id

-- list_segments --
-- One page.
SELECT s.id, s.name, s.type, s.filter, s.created_at FROM segments s
WHERE s.project_id = $1{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- count_segments --
-- Every match, whatever the page.
SELECT count(*) FROM segments s WHERE s.project_id = $1{filters}

-- static_segments_of --
-- The static segments that the customer $2 is in.
SELECT s.id, s.name, s.type, s.filter, s.created_at
FROM segment_members m JOIN segments s ON s.project_id = $1 AND s.id = m.segment_id
WHERE m.project_id = $1 AND m.customer_id = $2

-- filter_segments --
-- Those without rows of their own.
SELECT id, name, type, filter, created_at FROM segments WHERE project_id = $1 AND filter IS NOT NULL

-- match_customer --
-- Which of the conditions hold for the customer $2.
SELECT ARRAY[{conditions}] FROM customers c WHERE c.project_id = $1 AND c.id = $2 AND c.deleted_at IS NULL

-- match_stranger --
-- The same for somebody who isn't a customer yet and would be made now, with the source_id $2.
SELECT ARRAY[{conditions}] FROM (
  SELECT $1::int AS project_id, NULL::text COLLATE "C" AS id, $2::text COLLATE "C" AS source_id,
    NULL::text COLLATE "C" AS name, NULL::text COLLATE "C" AS description, NULL::text COLLATE "C" AS email,
    NULL::text COLLATE "C" AS phone, NULL::date AS birthday, NULL::date AS birthdate, NULL::jsonb AS address,
    '{}'::jsonb AS metadata, now() AS created_at, NULL::timestamptz AS updated_at
) AS c
