-- append_event --
-- One frozen event, in the transaction of its change.
INSERT INTO events (project_id, id, type, entity_id, data, request_id, actor) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- append_events --
-- Several frozen events of one type: $2 ids, $4 entities, $5 data, in that order.
INSERT INTO events (project_id, id, type, entity_id, data, request_id, actor)
SELECT $1, e.id, $3, e.entity_id, e.data, $6, $7
FROM unnest($2::text[], $4::text[], $5::jsonb[]) WITH ORDINALITY AS e (id, entity_id, data, place)
ORDER BY e.place

-- start_reader --
-- The reader $2 of a project's events begins here: with changes that aren't committed yet. One that reads already goes on.
INSERT INTO event_cursors (project_id, reader, xid, seq)
VALUES ($1, $2, pg_snapshot_xmin(pg_current_snapshot()), 0) ON CONFLICT (project_id, reader) DO NOTHING

-- waiting_projects --
-- Where the reader $1 has something to read, whoever has waited longest first.
SELECT c.project_id FROM event_cursors c JOIN projects p ON p.id = c.project_id AND p.deleted_at IS NULL
WHERE c.reader = $1 AND EXISTS (
  SELECT FROM events e WHERE e.project_id = c.project_id AND (e.xid, e.seq) > (c.xid, c.seq)
    AND e.xid < pg_snapshot_xmin(pg_current_snapshot()))
ORDER BY c.moved_at, c.project_id

-- claim_cursor --
-- Nobody else reads this project's events for the reader $2 until the end of the transaction. No row: somebody does.
SELECT xid::text AS xid, seq FROM event_cursors WHERE project_id = $1 AND reader = $2 FOR UPDATE SKIP LOCKED

-- read_events --
-- The next $4 events behind a cursor. Whatever may still be committed before them has an id at or above xmin, so a
-- reader that stops there never passes a late one.
SELECT e.xid::text AS xid, e.seq, e.id, e.type, e.entity_id, e.data, e.request_id, e.actor, e.created_at
FROM events e
WHERE e.project_id = $1 AND (e.xid, e.seq) > ($2::text::xid8, $3::bigint)
  AND e.xid < pg_snapshot_xmin(pg_current_snapshot()) AND ($5::text[] IS NULL OR e.type = ANY ($5))
ORDER BY e.xid, e.seq LIMIT $4

-- move_cursor --
-- Everything up to there is dealt with, in the transaction that did it.
UPDATE event_cursors SET xid = $3::text::xid8, seq = $4, moved_at = clock_timestamp()
WHERE project_id = $1 AND reader = $2

-- walk --
-- Before the log is read on, by its index: a planner without statistics takes it for small, and would sort all of it.
SET LOCAL enable_bitmapscan = off

-- walk_ends --
-- For the rest of the transaction.
SET LOCAL enable_bitmapscan = DEFAULT

-- scan_events --
-- The next $4 events behind a cursor, as in read_events; with their data only where the type is one of $5 (null: any).
SELECT e.xid::text AS xid, e.seq, e.id, e.type, e.entity_id,
  CASE WHEN $5::text[] IS NULL OR e.type = ANY ($5) THEN e.data END AS data, e.request_id, e.actor, e.created_at
FROM events e
WHERE e.project_id = $1 AND (e.xid, e.seq) > ($2::text::xid8, $3::bigint)
  AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY e.xid, e.seq LIMIT $4

-- before_last --
-- The place behind which the last $2 events stand. No row when there are no more than that.
SELECT e.xid::text AS xid, e.seq FROM events e
WHERE e.project_id = $1 AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY e.xid DESC, e.seq DESC OFFSET $2 LIMIT 1

-- is_ahead --
-- Whether the place $2 (null: any event or reader of the project $1) comes after all that this PostgreSQL ever wrote.
SELECT $2::text::xid8 > pg_snapshot_xmax(pg_current_snapshot()) OR $2 IS NULL AND (
  EXISTS (SELECT FROM event_cursors c WHERE c.project_id = $1 AND c.xid > pg_snapshot_xmax(pg_current_snapshot()))
  OR EXISTS (SELECT FROM events e WHERE e.project_id = $1 AND e.xid > pg_snapshot_xmax(pg_current_snapshot())))

-- settle_cursors --
-- Before settle_log: each reader before the first event that it hasn't dealt with.
UPDATE event_cursors c SET xid = '1', seq = coalesce(
  (SELECT min(e.seq) - 1 FROM events e WHERE e.project_id = $1 AND (e.xid, e.seq) > (c.xid, c.seq)),
  (SELECT max(e.seq) FROM events e WHERE e.project_id = $1), 0)
WHERE c.project_id = $1

-- settle_log --
-- All events come before the first transaction of this PostgreSQL, in the order in which they were written.
UPDATE events SET xid = '1' WHERE project_id = $1

-- settle_distributions --
-- The same for the places from which on automatic ones listen.
UPDATE distributions SET live_since = jsonb_set(live_since, '{xid}', '"1"')
WHERE project_id = $1 AND live_since IS NOT NULL

-- settle_deliveries --
-- The same for what is to be sent still.
UPDATE webhook_deliveries SET xid = '1' WHERE project_id = $1 AND status = 'PENDING'
