-- create_segment --
-- In the lowest free slot of $6 to $7, which limits how many there are. No row when none is free, or when somebody took
-- it at the same moment.
INSERT INTO segments (project_id, id, name, type, filter, slot, is_timed)
SELECT $1, $2, $3, $4, $5::jsonb, free.slot, $8
FROM (
  SELECT min(n) AS slot FROM generate_series($6::int, $7::int) AS n
  WHERE NOT EXISTS (SELECT FROM segments s WHERE s.project_id = $1 AND s.slot = n)
) AS free
WHERE free.slot IS NOT NULL
ON CONFLICT (project_id, slot) DO NOTHING
RETURNING id, name, type, filter, created_at, synced_at

-- count_slots --
-- How many of the slots $2 to $3 are taken.
SELECT count(*) FROM segments WHERE project_id = $1 AND slot BETWEEN $2 AND $3

-- add_members --
-- The customers $3 of a new static segment.
INSERT INTO segment_members (project_id, segment_id, customer_id) SELECT $1, $2, n.id FROM unnest($3::text[]) AS n (id)

-- get_segment --
-- By id.
SELECT id, name, type, filter, created_at, synced_at FROM segments WHERE project_id = $1 AND id = $2

-- delete_segment --
-- Its members go beside it.
DELETE FROM segments WHERE project_id = $1 AND id = $2 RETURNING id

-- delete_members --
-- Of a segment that goes, at most $3.
DELETE FROM segment_members WHERE project_id = $1 AND segment_id = $2 AND customer_id = ANY (ARRAY(
  SELECT m.customer_id FROM segment_members m WHERE m.project_id = $1 AND m.segment_id = $2 LIMIT $3))

-- leave_segments --
-- A customer who goes, and the static segments that he was in. The others are left when the log is read.
DELETE FROM segment_members m USING segments s
WHERE m.project_id = $1 AND m.customer_id = $2 AND s.project_id = $1 AND s.id = m.segment_id AND s.type = 'static'
RETURNING m.segment_id

-- list_segments --
-- One page.
SELECT s.id, s.name, s.type, s.filter, s.created_at, s.synced_at FROM segments s
WHERE s.project_id = $1{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- count_segments --
-- Every match, whatever the page.
SELECT count(*) FROM segments s WHERE s.project_id = $1{filters}

-- static_segments_of --
-- The static segments that the customer $2 is in.
SELECT s.id, s.name, s.type, s.filter, s.created_at, s.synced_at
FROM segment_members m JOIN segments s ON s.project_id = $1 AND s.id = m.segment_id
WHERE m.project_id = $1 AND m.customer_id = $2 AND s.type = 'static'

-- filter_segments --
-- Those that a filter decides.
SELECT id, name, type, filter, created_at, synced_at FROM segments WHERE project_id = $1 AND filter IS NOT NULL

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

-- take_turn --
-- One after the other looks who is in a project's segments ($1), before it has a transaction id: so the log, which is in the
-- order of these, has what happened to a customer in the order in which it did. Nothing else depends on this lock.
SELECT pg_advisory_xact_lock($2::int, $1::int)

-- lock_segment --
-- One at a time looks who is in an auto-update segment: what was found is written before somebody else looks.
SELECT id, name, type, filter, created_at, synced_at, synced_after, coalesce(followed_since, created_at) AS followed_since
FROM segments WHERE project_id = $1 AND id = $2 AND type = 'auto-update' FOR NO KEY UPDATE

-- followed_segments --
-- Those whose changes are told, in the order in which they are locked.
SELECT id FROM segments WHERE project_id = $1 AND type = 'auto-update' ORDER BY id

-- next_customers --
-- The next $3 to look at, the deleted ones too: they have to leave.
SELECT c.id FROM customers c WHERE c.project_id = $1 AND c.id > $2 ORDER BY c.id LIMIT $3

-- refresh_members --
-- Who of the customers $3 entered the segment $2 and who left it, by what its filter says now. Deleted customers are looked
-- for by an expression: a plain condition could lead to an index that promises it, and read that from end to end.
WITH inside AS MATERIALIZED (
  SELECT c.id FROM customers c
  WHERE c.project_id = $1 AND c.id = ANY ($3::text[]) AND coalesce(c.deleted_at, 'infinity') = 'infinity' AND {condition}
), entered AS (
  INSERT INTO segment_members (project_id, segment_id, customer_id) SELECT $1, $2, inside.id FROM inside ORDER BY inside.id
  ON CONFLICT (project_id, segment_id, customer_id) DO NOTHING
  RETURNING customer_id
), gone AS (
  DELETE FROM segment_members m WHERE m.project_id = $1 AND m.segment_id = $2 AND m.customer_id = ANY ($3)
    AND NOT EXISTS (SELECT FROM inside WHERE inside.id = m.customer_id)
  RETURNING m.customer_id
)
SELECT entered.customer_id, true AS is_inside FROM entered
UNION ALL
SELECT gone.customer_id, false FROM gone

-- tell_moves --
-- Events $3 that the customers $2 entered or left a segment ($4: the event's name, $5: the segment), frozen as they are.
-- $6: only those who were made or changed since then; null: all of them. Of many made at once some have a moment that is a
-- little earlier: the event says when it was.
INSERT INTO events (project_id, id, type, entity_id, data, request_id, actor)
SELECT $1, n.id, $4, c.id,
  jsonb_build_object('customer', to_jsonb(c) - 'project_id' - 'deleted_at', 'segment', $5::jsonb), $7, $8
FROM unnest($2::text[], $3::text[]) AS n (customer_id, id)
JOIN customers c ON c.project_id = $1 AND c.id = n.customer_id
WHERE $6::timestamptz IS NULL OR c.created_at >= $6 OR c.updated_at >= $6 OR EXISTS (
  SELECT FROM events e
  WHERE e.project_id = $1 AND e.entity_id = c.id AND e.type = 'customer.created' AND e.created_at >= $6)
ORDER BY n.id

-- activate --
-- From now on it is told who enters a passive segment and who leaves it.
UPDATE segments SET type = 'auto-update', followed_since = now(), is_timed = $3
WHERE project_id = $1 AND id = $2 AND type = 'passive' RETURNING id

-- save_sync --
-- How far a pass over all customers came; '' and the moment when it is done.
UPDATE segments SET synced_after = $3, is_timed = $4, synced_at = CASE WHEN $3 = '' THEN coalesce(synced_at, $5) ELSE synced_at END
WHERE project_id = $1 AND id = $2

-- due_segments --
-- Those that must be looked at anew because time passed, or that nobody ever looked at. Whoever sets the moment does it.
UPDATE segments SET checked_at = now()
WHERE project_id = $1 AND type = 'auto-update'
  AND (is_timed AND checked_at < now() - make_interval(secs => $2) OR checked_at = '-infinity')
RETURNING id

-- touched_customers --
-- The next $4 events behind a cursor, and whom each may move into a segment or out of it: by what is said of him, by what
-- he was given, and by what is on his cards.
SELECT e.xid::text AS xid, e.seq, CASE
    WHEN e.type IN ('customer.created', 'customer.updated', 'customer.deleted') THEN e.entity_id
    WHEN e.type = 'publication.succeeded' THEN e.data -> 'publication' ->> 'customer_id'
    WHEN e.type IN ('voucher.updated', 'voucher.deleted', 'voucher.gift.transaction.created',
      'voucher.loyalty_card.transaction.created') THEN e.data -> 'voucher' ->> 'holder_id' END AS customer_id
FROM events e
WHERE e.project_id = $1 AND (e.xid, e.seq) > ($2::text::xid8, $3::bigint)
  AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY e.xid, e.seq LIMIT $4
