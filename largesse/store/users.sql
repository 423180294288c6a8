-- People of the dashboard and their sessions. Control tables: somebody is known before his project is.

-- create_user --
-- Somebody who may sign in. $5: the projects that he sees; an admin sees all.
WITH created AS (
  INSERT INTO users (id, email, name, password_hash, role) VALUES ($1, $2, $3, $4, $5) RETURNING id
), seen AS (
  INSERT INTO user_projects (user_id, project_id) SELECT created.id, unnest($6::int[]) FROM created
)
SELECT id FROM created

-- ensure_user --
-- The same for the first admin, unless there is somebody with that address. One row when he was created.
INSERT INTO users (id, email, name, password_hash, role) VALUES ($1, $2, $3, $4, 'admin')
ON CONFLICT (email) DO NOTHING RETURNING id

-- password_hash_of --
-- Of the account of an address, locked or disabled or not.
SELECT password_hash FROM users WHERE email = $1

-- attempt_at --
-- Counts an attempt at the account of an address before its password is compared, and says whether it may be: the row
-- is locked, so of attempts at the same moment each sees those before it. After $2 in a row nobody gets in for a while,
-- twice as long with each further one, $4 at most. Locked and disabled accounts too: what is answered must not tell
-- them apart.
UPDATE users u SET failures = u.failures + 1,
  locked_until = CASE WHEN u.failures + 1 >= $2::int
    THEN found.moment + least($3::interval * power(2, least(u.failures + 1 - $2::int, 20)), $4::interval) END
FROM (SELECT id, disabled_at IS NULL AS enabled, locked_until IS NOT NULL AND locked_until > now() AS locked,
        now() AS moment
      FROM users WHERE email = $1 FOR UPDATE) found
WHERE u.id = found.id RETURNING u.id, u.password_hash, found.enabled, found.locked

-- attempt_in_session --
-- Counts an attempt to give the password of somebody who is signed in, before it is compared: $2 of them at most.
UPDATE user_sessions s SET failures = s.failures + 1
FROM users u WHERE s.token_hash = $1 AND s.failures < $2 AND u.id = s.user_id
RETURNING u.id, u.password_hash, u.disabled_at IS NULL AS enabled, false AS locked

-- forgive_session --
-- It was the right one.
UPDATE user_sessions SET failures = 0 WHERE token_hash = $1

-- close_worn_session --
-- No attempt is left: whoever sits there signs in again.
DELETE FROM user_sessions WHERE token_hash = $1 AND failures >= $2

-- open_session --
-- The right password: the failures are forgiven.
WITH person AS (
  UPDATE users SET failures = 0, locked_until = NULL, signed_in_at = now() WHERE id = $1 RETURNING id
)
INSERT INTO user_sessions (token_hash, user_id, expires_at) SELECT $2, id, now() + $3::interval FROM person

-- find_session --
-- Who is signed in with a token, and how long still. Also says which projects he sees: null is all.
SELECT u.id, u.email, u.name, u.role, CASE WHEN u.role <> 'admin' THEN ARRAY(
    SELECT project_id FROM user_projects p WHERE p.user_id = u.id) END AS projects
FROM user_sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_hash = $1 AND s.expires_at > now() AND u.disabled_at IS NULL

-- close_session --
-- Signed out.
DELETE FROM user_sessions WHERE token_hash = $1

-- close_sessions --
-- All of somebody's but the one ($2 may be null): after a new password, or when he is let in no more.
DELETE FROM user_sessions WHERE user_id = $1 AND token_hash IS DISTINCT FROM $2

-- delete_expired_sessions --
-- At most $1 sessions that have ended by time.
DELETE FROM user_sessions WHERE token_hash = ANY (ARRAY(
  SELECT token_hash FROM user_sessions WHERE expires_at <= now() LIMIT $1))

-- list_users --
-- Everybody, or the one $1, in the order in which they came.
SELECT u.id, u.email, u.name, u.role, u.signed_in_at, u.created_at, u.disabled_at,
  u.locked_until IS NOT NULL AND u.locked_until > now() AS locked,
  ARRAY(SELECT p.project_id FROM user_projects p WHERE p.user_id = u.id ORDER BY p.project_id) AS projects
FROM users u WHERE $1::text IS NULL OR u.id = $1 ORDER BY u.created_at, u.id LIMIT $2

-- lock_admins --
-- One at a time takes an admin's rights away, so that one always remains. The number is any that nobody else uses.
SELECT pg_advisory_xact_lock(1835102824)

-- count_other_admins --
-- Admins that may sign in, but for $1.
SELECT count(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> $1

-- update_user --
-- Null leaves it as it is; $4 lets somebody in (true) or not (false).
UPDATE users u SET name = coalesce($2, u.name), role = coalesce($3, u.role),
  disabled_at = CASE $4::boolean WHEN true THEN NULL WHEN false THEN coalesce(u.disabled_at, clock.t) ELSE u.disabled_at END,
  failures = 0, locked_until = NULL
FROM (SELECT now() AS t) clock WHERE u.id = $1 RETURNING u.id

-- see_projects --
-- The projects that somebody sees from now on: these, and no others.
WITH gone AS (DELETE FROM user_projects WHERE user_id = $1 AND project_id <> ALL ($2::int[]))
INSERT INTO user_projects (user_id, project_id) SELECT $1, unnest($2::int[]) ON CONFLICT DO NOTHING

-- set_password --
-- A new password, given as its hash.
UPDATE users SET password_hash = $2, failures = 0, locked_until = NULL WHERE id = $1 RETURNING id
