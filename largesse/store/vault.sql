-- Everything that is sealed with the installation's secret key.

-- lock_fingerprint --
-- Of the key that things are sealed with; null where nothing is yet. The start that notes it goes alone.
SELECT secret_fingerprint FROM installation FOR UPDATE

-- set_fingerprint --
-- From now on another key is refused.
UPDATE installation SET secret_fingerprint = $1

-- others --
-- Connections of servers of this installation.
SELECT count(*) FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'largesse-%' AND pid <> pg_backend_pid()

-- projects --
-- All, closed ones too.
SELECT id FROM projects ORDER BY id

-- webhooks --
-- Those with headers of their own.
SELECT id, headers FROM webhooks WHERE project_id = $1 AND headers <> '{}' ORDER BY id FOR UPDATE

-- update_webhook --
-- Its headers, sealed.
UPDATE webhooks SET headers = $3 WHERE project_id = $1 AND id = $2

-- distributions --
-- Those with a channel that sends headers.
SELECT id, channels FROM distributions WHERE project_id = $1 AND jsonb_path_exists(channels, '$[*].headers.*')
ORDER BY id FOR UPDATE

-- update_distribution --
-- Its channels, their headers sealed.
UPDATE distributions SET channels = $3 WHERE project_id = $1 AND id = $2
