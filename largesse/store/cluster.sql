-- What a fresh embedded PostgreSQL needs before the schema: an owner without privileges, and its database.

-- owner_exists --
-- Whether the role is there.
SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1);

-- create_owner --
-- Utility statements take no parameters: this makes the statement that creates the role.
SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', $1::text, $2::text);

-- database_exists --
-- Whether the database is there.
SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1);

-- create_database --
-- The statement that creates the database: code-point order, whatever the machine's locale is.
SELECT format(
  'CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''C'' LC_CTYPE ''C''', $1::text, $2::text
);

-- has_extension --
-- Whether the extension is installed in this database.
SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = $1);

-- server_facts --
-- What `doctor` says about a database. migrations is null when the table isn't there.
SELECT current_setting('server_version') AS version,
       current_setting('fsync') AS fsync,
       current_setting('synchronous_commit') AS synchronous_commit,
       to_regclass('migrations') IS NOT NULL AS has_schema;

-- applied_migrations --
-- By name, in order.
SELECT name FROM migrations ORDER BY name;
