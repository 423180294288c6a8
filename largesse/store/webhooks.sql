-- create_webhook --
-- In the lowest free slot below $6, which limits how many there are. No row when none is free, or when somebody took it
-- at the same moment.
INSERT INTO webhooks (project_id, id, target_url, events, headers, active, slot)
SELECT $1, $2, $3, $4::text[], $5::jsonb, $7::boolean, free.slot
FROM (
  SELECT min(n) AS slot FROM generate_series(1, $6::int) AS n
  WHERE NOT EXISTS (SELECT FROM webhooks w WHERE w.project_id = $1 AND w.slot = n)
) AS free
WHERE free.slot IS NOT NULL
ON CONFLICT (project_id, slot) WHERE slot IS NOT NULL DO NOTHING
RETURNING id, target_url, events, headers, active, disabled_reason, created_at, updated_at

-- count_webhooks --
-- How many slots are taken.
SELECT count(*) FROM webhooks WHERE project_id = $1 AND slot IS NOT NULL

-- list_webhooks --
-- All of them, oldest first: a project has few.
SELECT id, target_url, events, headers, active, disabled_reason, created_at, updated_at
FROM webhooks WHERE project_id = $1 AND deleted_at IS NULL ORDER BY created_at, id

-- get_webhook --
-- By id.
SELECT id, target_url, events, headers, active, disabled_reason, created_at, updated_at
FROM webhooks WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL

-- lock_webhook --
-- By id, held until the transaction ends.
SELECT id, target_url, events, headers, active, disabled_reason, created_at, updated_at
FROM webhooks WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE

-- update_webhook --
-- Null leaves as it is. Whoever says whether it is active also takes back what we had against it. No row, too, where
-- headers would follow to another address unsaid: they may be secrets of the one before.
UPDATE webhooks SET
  target_url = coalesce($3, target_url), events = coalesce($4, events), headers = coalesce($5, headers),
  active = coalesce($6, active), disabled_reason = CASE WHEN $6::boolean IS NULL THEN disabled_reason END,
  updated_at = now()
WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL
  AND ($3::text IS NULL OR $5::jsonb IS NOT NULL OR target_url = $3 OR headers = '{}')
RETURNING id, target_url, events, headers, active, disabled_reason, created_at, updated_at

-- delete_webhook --
-- Out of sight, its slot free. Its deliveries follow in the background.
UPDATE webhooks SET deleted_at = now(), active = false, slot = NULL, updated_at = now()
WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING id

-- disable_webhook --
-- By us. No row when it was off already.
UPDATE webhooks SET active = false, disabled_reason = $3, updated_at = now()
WHERE project_id = $1 AND id = $2 AND active RETURNING id

-- clear_webhooks --
-- Deleted ones that have no deliveries any more.
DELETE FROM webhooks w WHERE w.project_id = $1 AND w.deleted_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.project_id = $1 AND d.webhook_id = w.id)

-- get_secret --
-- What receivers of the project know us by.
SELECT webhook_secret, webhook_secret_before, webhook_secret_since FROM projects WHERE id = $1

-- ensure_secret --
-- The project's secret, $2 if it had none.
UPDATE projects SET webhook_secret = coalesce(webhook_secret, $2) WHERE id = $1
RETURNING webhook_secret, webhook_secret_before, webhook_secret_since

-- rotate_secret --
-- Another one from now on.
UPDATE projects SET webhook_secret = $2, webhook_secret_before = webhook_secret, webhook_secret_since = now()
WHERE id = $1
RETURNING webhook_secret, webhook_secret_before, webhook_secret_since
