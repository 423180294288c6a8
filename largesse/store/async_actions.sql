-- create_async_action --
-- What was asked; the job that does it is enqueued in the same transaction. In progress from the start: clients ask again
-- only while they see that.
INSERT INTO async_actions (project_id, id, type, request_id, arguments, status)
VALUES ($1, $2, $3, $4, $5, 'IN_PROGRESS')

-- get_async_action --
-- One by its id.
SELECT id, type, status, operation_status, progress, request_id, arguments, cursor, result, created_at, started_at, updated_at
FROM async_actions WHERE project_id = $1 AND id = $2

-- lock_async_action --
-- Whoever does a chunk holds this row: a job that runs twice has one effect.
SELECT id, type, status, operation_status, progress, request_id, arguments, cursor, result, created_at, started_at, updated_at
FROM async_actions WHERE project_id = $1 AND id = $2
FOR NO KEY UPDATE

-- save_async_action --
-- How far a chunk came, in the chunk's own transaction.
UPDATE async_actions a SET
  status = $3, operation_status = $4, progress = $5, cursor = $6, result = $7, updated_at = clock.t,
  started_at = coalesce(a.started_at, clock.t)
FROM (SELECT now() AS t) AS clock
WHERE a.project_id = $1 AND a.id = $2

-- list_async_actions --
-- Newest first, from an optional moment backwards, with all that the last moment has: the next page begins behind it.
-- Audits are ours: typed clients stumble over types that they don't know.
SELECT id, type, status, operation_status, progress, request_id, created_at, started_at, updated_at
FROM async_actions WHERE project_id = $1 AND ($2::timestamptz IS NULL OR created_at < $2) AND type <> 'PROJECT.AUDIT'
ORDER BY created_at DESC
FETCH FIRST ($3::bigint) ROWS WITH TIES

-- remaining_codes --
-- What the generations $2 still have to make.
SELECT coalesce(sum((arguments->>'count')::bigint - coalesce((cursor->>'done')::bigint, 0)), 0)::bigint
FROM async_actions WHERE project_id = $1 AND id = ANY ($2::text[]) AND status = 'IN_PROGRESS'

-- list_actions_of --
-- The newest $3 of these types, with what came of them.
SELECT id, type, status, operation_status, progress, request_id, arguments, result, created_at, started_at, updated_at
FROM async_actions WHERE project_id = $1 AND type = ANY ($2::text[])
ORDER BY created_at DESC, id DESC LIMIT $3
