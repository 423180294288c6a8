-- API keys. A control table: a request is known by its key before its project is. Every change tells all
-- processes with NOTIFY, in the same transaction, so that their caches forget the key the moment it commits.

-- find_key --
-- A key that isn't revoked, with its project.
SELECT k.app_id, k.token_hash, k.kind, k.name AS key_name,
       p.id, p.public_id, p.name, p.time_zone, p.case_sensitive_codes, p.on_known_source_id, p.codes_per_campaign_max,
       p.client_origins, p.client_publish, p.publish_on_voucher_export
FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id
WHERE k.app_id = $1 AND k.revoked_at IS NULL;

-- create_key --
-- A caller may have asked with this app id before it existed, and been remembered as unknown: hence the NOTIFY.
WITH created AS (
  INSERT INTO api_keys (app_id, token_hash, kind, project_id, name) VALUES ($1, $2, $3, $4, $5) RETURNING app_id
)
SELECT pg_notify('largesse_keys', app_id) FROM created;

-- ensure_key --
-- The same, unless there is such a key, revoked or not. One row when it was created.
WITH created AS (
  INSERT INTO api_keys (app_id, token_hash, kind, project_id, name) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (app_id) DO NOTHING RETURNING app_id
)
SELECT pg_notify('largesse_keys', app_id) FROM created;

-- compare_key --
-- What stands there already, against what was asked for.
SELECT revoked_at IS NOT NULL AS revoked,
       token_hash = $2 AND kind = $3 AND project_id IS NOT DISTINCT FROM $4 AS same
FROM api_keys WHERE app_id = $1;

-- revoke_key --
-- For ever: a revoked key never comes back. No row when there is no such key, or it was revoked before.
WITH revoked AS (
  UPDATE api_keys SET revoked_at = now() WHERE app_id = $1 AND revoked_at IS NULL RETURNING app_id
)
SELECT app_id, pg_notify('largesse_keys', app_id) FROM revoked;

-- list_keys --
-- The keys of a project, or of all ($1 null), revoked ones too, oldest first. Never the hash.
SELECT k.app_id, k.kind, k.name, p.name AS project, k.created_at, k.revoked_at
FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id
WHERE $1::int IS NULL OR k.project_id = $1
ORDER BY k.created_at, k.app_id;

-- ping --
-- For a connection that only listens: is the server still there? Not an empty query, whose answer asyncpg can't read.
SELECT 1
