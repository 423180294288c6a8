-- create_schema --
-- The unique index metadata_schemas_related_object decides who was first.
INSERT INTO metadata_schemas (project_id, id, related_object, allow_defined_only, properties)
VALUES ($1, $2, $3, $4, $5)
RETURNING id, related_object, allow_defined_only, properties, created_at, updated_at

-- list_schemas --
-- All of a project, oldest first: there are few, and a look at one needs those of nested objects too.
SELECT id, related_object, allow_defined_only, properties, created_at, updated_at
FROM metadata_schemas WHERE project_id = $1 ORDER BY id

-- update_schema --
-- Writes the whole, merged before by the caller, who holds the project's row.
UPDATE metadata_schemas SET allow_defined_only = $3, properties = $4, updated_at = now()
WHERE project_id = $1 AND id = $2
RETURNING id, related_object, allow_defined_only, properties, created_at, updated_at

-- delete_schema --
-- The metadata that it described stays as it is.
DELETE FROM metadata_schemas WHERE project_id = $1 AND id = $2

-- tell --
-- Processes that remember what publications of the project that $1 names must look at forget it when the transaction commits. A statement of its own: the
-- others run where the project's rows are.
SELECT pg_notify('largesse_keys', $1)
