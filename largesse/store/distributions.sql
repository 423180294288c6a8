-- Distributions: what they are and how far they came. Their messages are in distribution_messages, their codes in holds.

-- create_distribution --
-- A draft.
INSERT INTO distributions (project_id, id, name, trigger, audience, action, channels, recipients_max, when_exhausted)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- update_distribution --
-- The whole of what may change; the caller has locked it.
UPDATE distributions SET name = $3, trigger = $4, audience = $5, action = $6, channels = $7, recipients_max = $8,
  when_exhausted = $9, updated_at = now()
WHERE project_id = $1 AND id = $2

-- get_distribution --
-- One that wasn't deleted.
SELECT d.id, d.name, d.status, d.trigger, d.audience, d.action, d.channels, d.recipients_max, d.when_exhausted, d.resumes_as,
  d.reason, d.phase, d.considered, d.considered_count, d.pick_after, d.attempt, d.starts_at, d.started_at, d.finished_at,
  d.set_live_at, d.live_since, d.created_at, d.updated_at, d.deleted_at IS NOT NULL AS deleted
FROM distributions d WHERE d.project_id = $1 AND d.id = $2 AND d.deleted_at IS NULL

-- lock_distribution --
-- Deleted ones too. Whoever changes one, or does a chunk of its work, holds this row.
SELECT d.id, d.name, d.status, d.trigger, d.audience, d.action, d.channels, d.recipients_max, d.when_exhausted, d.resumes_as,
  d.reason, d.phase, d.considered, d.considered_count, d.pick_after, d.attempt, d.starts_at, d.started_at, d.finished_at,
  d.set_live_at, d.live_since, d.created_at, d.updated_at, d.deleted_at IS NOT NULL AS deleted
FROM distributions d WHERE d.project_id = $1 AND d.id = $2
FOR NO KEY UPDATE

-- list_distributions --
-- One page; distributions are few.
SELECT d.id, d.name, d.status, d.trigger, d.audience, d.action, d.channels, d.recipients_max, d.when_exhausted, d.resumes_as,
  d.reason, d.phase, d.considered, d.considered_count, d.pick_after, d.attempt, d.starts_at, d.started_at, d.finished_at,
  d.set_live_at, d.live_since, d.created_at, d.updated_at, d.deleted_at IS NOT NULL AS deleted
FROM distributions d WHERE d.project_id = $1 AND d.deleted_at IS NULL{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- count_distributions --
-- All that can be seen.
SELECT count(*) FROM distributions d WHERE d.project_id = $1 AND d.deleted_at IS NULL{filters}

-- move_distribution --
-- Its status $3 and what comes next, $4: $5 what it resumes as, $6 why, $7 minutes until it starts (null: nothing is
-- planned), $8 the moments that become now.
UPDATE distributions d SET status = $3, phase = $4, resumes_as = $5, reason = $6, updated_at = clock.t,
  starts_at = CASE WHEN $7::int IS NULL THEN d.starts_at ELSE clock.later END,
  started_at = CASE WHEN 'started_at' = ANY ($8::text[]) THEN clock.t ELSE d.started_at END,
  finished_at = CASE WHEN 'finished_at' = ANY ($8::text[]) THEN clock.t ELSE d.finished_at END,
  set_live_at = CASE WHEN 'set_live_at' = ANY ($8::text[]) THEN clock.t ELSE d.set_live_at END,
  deleted_at = CASE WHEN 'deleted_at' = ANY ($8::text[]) THEN clock.t ELSE d.deleted_at END
FROM (SELECT now() AS t, now() + make_interval(mins => coalesce($7::int, 0)) AS later) AS clock
WHERE d.project_id = $1 AND d.id = $2

-- set_live_since --
-- Its place in the log: what is behind it triggers the distribution. Written as the events are, so what was committed before
-- is before it.
UPDATE distributions SET live_since = jsonb_build_object('xid',
    greatest(pg_current_xact_id(), (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text::xid8)::text,
  'seq', nextval(pg_get_serial_sequence('events', 'seq')))
WHERE project_id = $1 AND id = $2

-- is_readable --
-- Whether all that came before the distribution was set live can be seen.
SELECT (d.live_since ->> 'xid')::xid8 < pg_snapshot_xmin(pg_current_snapshot()) FROM distributions d
WHERE d.project_id = $1 AND d.id = $2

-- entered_since --
-- Of the customers $3 those who entered the segment $2 behind the place ($4, $5) of the log: that triggers by itself.
SELECT DISTINCT e.entity_id FROM events e
WHERE e.project_id = $1 AND e.entity_id = ANY ($3::text[]) AND e.type = 'customer.segment.entered'
  AND e.data -> 'segment' ->> 'id' = $2 AND (e.xid, e.seq) > ($4::text::xid8, $5::bigint)

-- consider --
-- How far a chunk came through the audience, and through the pool.
UPDATE distributions SET considered = $3, considered_count = $4, pick_after = $5, phase = $6
WHERE project_id = $1 AND id = $2

-- begin_sending --
-- A new attempt: what earlier ones have in their hands is theirs no more.
UPDATE distributions SET attempt = attempt + 1 WHERE project_id = $1 AND id = $2
RETURNING attempt

-- due_distributions --
-- Those that have something to do by the clock, and no job: $2 is the kind.
SELECT d.id FROM distributions d
WHERE d.project_id = $1 AND d.deleted_at IS NULL
  AND (d.status = 'TO SEND' AND d.starts_at <= now()::timestamptz(3)
    OR d.status = 'LIVE' AND d.phase = 'recipients'
    OR d.status IN ('IN_PROGRESS', 'LIVE') AND EXISTS (
      SELECT FROM distribution_messages m
      WHERE m.project_id = $1 AND m.distribution_id = d.id AND m.state = 'held' AND m.due_at <= now()::timestamptz(3)))
  AND NOT EXISTS (
    SELECT FROM jobs j WHERE j.project_id = $1 AND j.subject = d.id AND j.kind = $2 AND j.parked_at IS NULL)
ORDER BY d.id
FOR NO KEY UPDATE OF d SKIP LOCKED

-- paused_for --
-- Those that paused by themselves for one of the reasons $2.
SELECT d.id FROM distributions d
WHERE d.project_id = $1 AND d.status = 'PAUSED' AND d.reason = ANY ($2::text[]) AND d.deleted_at IS NULL
ORDER BY d.id
FOR NO KEY UPDATE OF d SKIP LOCKED

-- started_by_now --
-- Whether its time has come.
SELECT d.id FROM distributions d WHERE d.project_id = $1 AND d.id = $2 AND d.starts_at <= now()::timestamptz(3)

-- live_distributions --
-- Those that events may trigger.
SELECT d.id FROM distributions d WHERE d.project_id = $1 AND d.status = 'LIVE' AND d.deleted_at IS NULL ORDER BY d.id

-- count_all --
-- How many a project has.
SELECT count(*) FROM distributions d WHERE d.project_id = $1 AND d.deleted_at IS NULL

-- log_activity --
-- One line of the log.
INSERT INTO distribution_activity (project_id, distribution_id, id, type, data, actor) VALUES ($1, $2, $3, $4, $5, $6)

-- list_activity --
-- Newest first.
SELECT a.id, a.type, a.data, a.actor, a.created_at FROM distribution_activity a
WHERE a.project_id = $1 AND a.distribution_id = $2
ORDER BY a.id DESC LIMIT $3 OFFSET $4

-- count_activity --
-- All of one distribution.
SELECT count(*) FROM distribution_activity WHERE project_id = $1 AND distribution_id = $2
