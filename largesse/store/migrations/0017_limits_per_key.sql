-- Limits by key: what one key has in use doesn't count against another's.

CREATE INDEX oauth_tokens_key ON oauth_tokens (project_id, app_id, expires_at);
DROP INDEX oauth_tokens_project;

-- The key or command that asked for an export; null: a person did.
ALTER TABLE exports ADD COLUMN app_id text COLLATE "C";
