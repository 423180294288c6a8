-- Projects, the tenants. A control table: found before a project is known.

-- create_project --
-- A new project with everything else at its default.
WITH created AS (
  INSERT INTO projects (public_id, name, time_zone, case_sensitive_codes) VALUES ($1, $2, $3, $4)
  RETURNING id, public_id, name, time_zone, case_sensitive_codes, on_known_source_id, codes_per_campaign_max,
    client_origins, client_publish, publish_on_voucher_export
), counted AS (
  INSERT INTO event_cursors (project_id, reader, xid, seq) SELECT id, 'hours', '0', 0 FROM created
)
SELECT * FROM created;

-- ensure_project --
-- The project of this name, created if it isn't there; no row when another transaction has just created it.
WITH created AS (
  INSERT INTO projects (public_id, name) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING id
)
INSERT INTO event_cursors (project_id, reader, xid, seq) SELECT id, 'hours', '0', 0 FROM created;

-- get_project --
-- By the number that the project's rows carry.
SELECT id, public_id, name, time_zone, case_sensitive_codes, on_known_source_id, codes_per_campaign_max,
  client_origins, client_publish, publish_on_voucher_export
FROM projects WHERE id = $1;

-- is_open --
-- Whether it wasn't closed: for addresses that no key guards.
SELECT EXISTS (SELECT FROM projects WHERE id = $1 AND deleted_at IS NULL);

-- find_project --
-- By public id or by name: people type either.
SELECT id, public_id, name, time_zone, case_sensitive_codes, on_known_source_id, codes_per_campaign_max,
  client_origins, client_publish, publish_on_voucher_export
FROM projects WHERE (public_id = $1 OR name = $1) AND deleted_at IS NULL
ORDER BY (public_id = $1) DESC LIMIT 1;

-- list_projects --
-- All of them, oldest first: an installation has few.
SELECT id, public_id, name, time_zone, case_sensitive_codes, on_known_source_id, codes_per_campaign_max,
  client_origins, client_publish, publish_on_voucher_export
FROM projects WHERE deleted_at IS NULL ORDER BY id;

-- update_project --
-- Null leaves a setting as it is. Processes remember a project with its keys: they are told to forget these.
WITH updated AS (
  UPDATE projects SET
    time_zone = coalesce($2, time_zone), on_known_source_id = coalesce($3, on_known_source_id),
    client_origins = coalesce($4, client_origins), client_publish = coalesce($5, client_publish),
    name = coalesce($6, name), codes_per_campaign_max = coalesce($7, codes_per_campaign_max),
    details = details || coalesce($8::jsonb, '{}'),
    publish_on_voucher_export = coalesce($9, publish_on_voucher_export)
  WHERE id = $1 AND deleted_at IS NULL
  RETURNING id, public_id, name, time_zone, case_sensitive_codes, on_known_source_id, codes_per_campaign_max,
    client_origins, client_publish, publish_on_voucher_export
)
SELECT updated.*,
  (SELECT count(pg_notify('largesse_keys', k.app_id)) FROM api_keys k WHERE k.project_id = updated.id) AS told
FROM updated;

-- list_project_records --
-- Projects as operators see them, oldest first, at most $2; $1: only the one of this public id.
SELECT id, public_id, name, time_zone, case_sensitive_codes, on_known_source_id, codes_per_campaign_max,
  client_origins, client_publish, publish_on_voucher_export, details, created_at, webhook_secret
FROM projects WHERE deleted_at IS NULL AND ($1::text IS NULL OR public_id = $1) ORDER BY id LIMIT $2;

-- lock_project --
-- Whoever changes what hangs together in a project holds its row.
SELECT id FROM projects WHERE id = $1 FOR NO KEY UPDATE;

-- delete_project --
-- Closed for good: its keys are revoked, its name is free. Its rows are left for the job that clears them.
WITH gone AS (
  UPDATE projects SET deleted_at = now(), name = $2 WHERE id = $1 AND deleted_at IS NULL RETURNING id
), revoked AS (
  UPDATE api_keys k SET revoked_at = now() FROM gone WHERE k.project_id = gone.id AND k.revoked_at IS NULL
  RETURNING k.app_id
)
SELECT (SELECT count(*) FROM gone) AS deleted, (SELECT count(pg_notify('largesse_keys', app_id)) FROM revoked) AS told;
