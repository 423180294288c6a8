-- API keys. A control table: a request is known by its key before its project is. Every change tells all
-- processes with NOTIFY, in the same transaction, so that their caches forget the key the moment it commits.

-- find_key --
-- A key that is neither revoked nor expired, with its project.
SELECT k.app_id, k.token_hash, k.kind, k.name AS key_name, k.role, k.scopes, k.allowed_ips,
       extract(epoch FROM k.expires_at - now())::double precision AS expires_in,
       p.id, p.public_id, p.name, p.time_zone, p.case_sensitive_codes, p.on_known_source_id, p.codes_per_campaign_max,
       p.client_origins, p.client_publish, p.publish_on_voucher_export
FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id
WHERE k.app_id = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());

-- create_key --
-- A caller may have asked with this app id before it existed, and been remembered as unknown: hence the NOTIFY.
WITH created AS (
  INSERT INTO api_keys (app_id, token_hash, kind, project_id, name, role, scopes, allowed_ips, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING app_id
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

-- opens --
-- Whether the key works with that token.
SELECT EXISTS (SELECT FROM api_keys WHERE app_id = $1 AND token_hash = $2 AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > now()));

-- revoke_key --
-- For ever: a revoked key never comes back. No row when there is no such key, or it was revoked before.
WITH revoked AS (
  UPDATE api_keys SET revoked_at = now() WHERE app_id = $1 AND revoked_at IS NULL RETURNING app_id
)
SELECT app_id, pg_notify('largesse_keys', app_id) FROM revoked;

-- list_keys --
-- The keys of a project, or of all ($1 null), or the one $2: at most $3, those that work first, oldest first. Never the
-- hash.
SELECT k.app_id, k.kind, k.name, p.name AS project, k.role, k.scopes, k.allowed_ips, k.expires_at, k.last_used_at,
  k.created_at, k.revoked_at
FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id
WHERE ($1::int IS NULL OR k.project_id = $1) AND ($2::text IS NULL OR k.app_id = $2)
ORDER BY (k.revoked_at IS NOT NULL), k.created_at, k.app_id
LIMIT $3;

-- lock_management_keys --
-- One at a time counts the management keys and adds one. The number is any that nobody else uses.
SELECT pg_advisory_xact_lock(1835102823);

-- count_management_keys --
-- Those that still open something.
SELECT count(*) FROM api_keys
WHERE kind = 'management' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now());

-- rotate_key --
-- Another token for the same key: $2 its hash. What the old one got goes with it: access tokens, which every process
-- forgets with the key. No row when there is no such key, or it was revoked.
WITH rotated AS (
  UPDATE api_keys SET token_hash = $2 WHERE app_id = $1 AND revoked_at IS NULL RETURNING app_id
), closed AS (
  DELETE FROM oauth_tokens WHERE app_id IN (SELECT app_id FROM rotated)
)
SELECT app_id, pg_notify('largesse_keys', app_id) FROM rotated;

-- note_use --
-- That the key was used in this minute, unless somebody has said so or is just saying so.
UPDATE api_keys SET last_used_at = now() WHERE app_id = ANY (ARRAY(
  SELECT app_id FROM api_keys
  WHERE app_id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
  FOR NO KEY UPDATE SKIP LOCKED
));

-- ping --
-- For a connection that only listens: is the server still there? Not an empty query, whose answer asyncpg can't read.
SELECT 1
