-- create_category --
-- The unique index categories_name decides who was first.
INSERT INTO categories (project_id, id, name, hierarchy)
VALUES ($1, $2, $3, $4)
RETURNING id, name, hierarchy, created_at, updated_at

-- ensure_category --
-- The category of that name, made when it isn't there: null when somebody else is making it right now.
WITH made AS (
  INSERT INTO categories (project_id, id, name, hierarchy)
  VALUES ($1, $2, $3, $4)
  ON CONFLICT (project_id, name) DO NOTHING
  RETURNING id, name, hierarchy, created_at, updated_at
)
SELECT id, name, hierarchy, created_at, updated_at FROM made
UNION ALL
SELECT id, name, hierarchy, created_at, updated_at FROM categories WHERE project_id = $1 AND name = $3
LIMIT 1

-- get_category --
-- One by its id.
SELECT id, name, hierarchy, created_at, updated_at FROM categories WHERE project_id = $1 AND id = $2

-- update_category --
-- Both are required by the contract, so both are written.
UPDATE categories SET name = $3, hierarchy = $4, updated_at = now()
WHERE project_id = $1 AND id = $2
RETURNING id, name, hierarchy, created_at, updated_at

-- delete_category --
-- Vouchers and campaigns keep the id; it then names nothing and shows as no category.
DELETE FROM categories WHERE project_id = $1 AND id = $2 RETURNING id

-- list_categories --
-- All of them, newest first: there are few.
SELECT id, name, hierarchy, created_at, updated_at FROM categories WHERE project_id = $1
ORDER BY created_at DESC, id DESC
LIMIT $2

-- find_categories --
-- Those that the words $2 mean, by id or name.
SELECT id, name FROM categories WHERE project_id = $1 AND (name = ANY ($2::text[]) OR id = ANY ($2::text[]))

-- ensure_categories --
-- Makes those whose name is new: $2 ids, $3 names, in one order, so that two imports meet in it.
INSERT INTO categories (project_id, id, name, hierarchy)
SELECT $1, n.id, n.name, $4 FROM unnest($2::text[], $3::text[]) AS n (id, name) ORDER BY n.name
ON CONFLICT (project_id, name) DO NOTHING
