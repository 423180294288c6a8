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

-- project_tables --
-- Every table that has rows of projects, after those that it refers to.
SELECT t.relname AS name FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attname = 'project_id' AND NOT a.attisdropped
WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r' AND t.relname <> ALL ($1::text[])
ORDER BY EXISTS (SELECT FROM pg_catalog.pg_constraint f WHERE f.contype = 'f' AND f.conrelid = t.oid), t.relname;

-- known_to_citus --
-- The tables that are distributed or copied to all nodes already.
SELECT p.logicalrelid::regclass::text AS name FROM pg_dist_partition p WHERE p.partmethod IN ('h', 'n');

-- copy_to_all_nodes --
-- A small table that every node needs.
SELECT create_reference_table($1::text::regclass);

-- shard_by_project --
-- All rows of a project on one node, beside those of the table $2 ('none' for the first one).
SELECT create_distributed_table($1::text::regclass, 'project_id', colocate_with => $2::text);

-- plan_for_citus --
-- Citus can't route generic plans: for this connection, where the extension is installed.
SELECT set_config('plan_cache_mode', 'force_custom_plan', false) FROM pg_catalog.pg_extension WHERE extname = 'citus';
