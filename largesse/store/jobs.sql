-- enqueue_job --
-- In the transaction of the request that asks for it: both happen or neither, and the workers hear of it.
WITH enqueued AS (INSERT INTO jobs (project_id, kind, action_id, subject) VALUES ($1, $2, $3, $4) RETURNING 1)
SELECT pg_notify('largesse_jobs', '') FROM enqueued

-- claim_job --
-- Of the kinds $3 the job that has waited longest and that nobody has, or whose worker's heartbeat is older than $2 seconds;
-- not one of $4, which this worker is at, however long it slept over it; only that of the action $5, if it is named. The clock
-- is rounded as run_at is: a job that was made at .0005 s would otherwise be due a moment after the worker that is told of
-- it has looked.
UPDATE jobs SET worker = $1, heartbeat_at = clock_timestamp()
WHERE id = (
  SELECT id FROM jobs
  WHERE parked_at IS NULL AND run_at <= now()::timestamptz(3) AND kind = ANY ($3::text[])
    AND (heartbeat_at IS NULL OR heartbeat_at < now() - make_interval(secs => $2)) AND id <> ALL ($4::bigint[])
    AND ($5::text IS NULL OR action_id = $5)
  ORDER BY run_at, id
  LIMIT 1
  FOR UPDATE SKIP LOCKED
)
RETURNING id, project_id, kind, action_id, tries

-- beat --
-- The sign of life of a worker for what it has.
UPDATE jobs SET heartbeat_at = clock_timestamp() WHERE id = ANY ($1::bigint[]) AND worker = $2

-- finish_job --
-- In the transaction of the last chunk.
DELETE FROM jobs WHERE id = $1

-- release_job --
-- Back to the end of the line after a slice of work, or to be tried again in $3 seconds. Tries start anew.
UPDATE jobs SET
  worker = NULL, heartbeat_at = NULL, tries = 0, run_at = clock_timestamp() + make_interval(secs => $3)
WHERE id = $1 AND worker = $2

-- release_jobs --
-- A worker that stops gives back what it has, at the front of the line.
UPDATE jobs SET worker = NULL, heartbeat_at = NULL WHERE worker = $1

-- fail_job --
-- It failed: tried again in $3 seconds, with the reason kept.
UPDATE jobs SET
  worker = NULL, heartbeat_at = NULL, tries = tries + 1, failure = $4,
  run_at = clock_timestamp() + make_interval(secs => $3)
WHERE id = $1 AND worker = $2

-- park_job --
-- It failed too often. The row stays for an operator; nobody claims it again.
UPDATE jobs SET worker = NULL, heartbeat_at = NULL, tries = tries + 1, failure = $2, parked_at = now() WHERE id = $1

-- jobs_about --
-- The unfinished jobs of one kind about one campaign.
SELECT id, action_id FROM jobs WHERE project_id = $1 AND subject = $2 AND kind = $3 AND parked_at IS NULL
