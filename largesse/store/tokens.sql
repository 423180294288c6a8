-- OAuth access tokens. A control table: a request is known by its token before its project is. Only hashes are kept.

-- lock_key --
-- One at a time counts a key's tokens and adds one.
SELECT app_id FROM api_keys WHERE app_id = $1 AND project_id = $2 FOR NO KEY UPDATE;

-- create_token --
-- No row when $6 tokens of the key live already: the caller holds the key's lock. $5: seconds it lives.
INSERT INTO oauth_tokens (token_hash, app_id, project_id, scopes, expires_at)
SELECT $1, $2, $3, $4, now() + make_interval(secs => $5)
WHERE (
  SELECT count(*) FROM oauth_tokens WHERE project_id = $3 AND app_id = $2 AND expires_at > now()
) < $6
RETURNING extract(epoch FROM expires_at)::bigint AS expires_at;

-- find_token --
-- A live token whose key is neither revoked nor expired, with its key and project. It opens nothing longer than its key.
SELECT t.app_id, k.kind, k.name AS key_name, t.scopes, k.role, k.scopes AS key_scopes, k.allowed_ips,
       extract(epoch FROM t.expires_at)::bigint AS expires_at,
       extract(epoch FROM least(t.expires_at, k.expires_at) - now())::double precision AS expires_in,
       p.id, p.public_id, p.name, p.time_zone, p.case_sensitive_codes, p.on_known_source_id, p.codes_per_campaign_max,
       p.client_origins, p.client_publish, p.publish_on_voucher_export
FROM oauth_tokens t
JOIN api_keys k ON k.app_id = t.app_id AND k.revoked_at IS NULL
JOIN projects p ON p.id = t.project_id
WHERE t.token_hash = $1 AND t.expires_at > now() AND (k.expires_at IS NULL OR k.expires_at > now());

-- delete_token --
-- A live token of the project. No row when there is none. Processes that remember it are told to forget it.
WITH deleted AS (
  DELETE FROM oauth_tokens WHERE token_hash = $1 AND project_id = $2 AND expires_at > now() RETURNING token_hash
)
SELECT pg_notify('largesse_keys', 'token:' || encode(token_hash, 'hex')) FROM deleted;

-- delete_expired_tokens --
-- The dead, up to $1 of them.
DELETE FROM oauth_tokens WHERE token_hash = ANY (ARRAY(
  SELECT token_hash FROM oauth_tokens WHERE expires_at <= now() ORDER BY expires_at LIMIT $1
));
