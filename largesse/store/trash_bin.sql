-- add_entry --
-- In the transaction that puts the thing out of sight.
INSERT INTO bin_entries (project_id, id, resource_id, resource_type, resource_name, resource_parent_id)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (project_id, resource_id) DO NOTHING

-- lock_entry --
-- Held until the transaction ends: an entry is emptied once.
SELECT e.id, e.resource_id, e.resource_type, e.resource_name, e.resource_parent_id, e.created_at
FROM bin_entries e WHERE e.project_id = $1 AND e.id = $2 FOR UPDATE OF e

-- remove_entry --
-- Of the thing $2, which is gone for good, and with a campaign those of its vouchers.
DELETE FROM bin_entries WHERE project_id = $1 AND (resource_id = $2 OR resource_parent_id = $2)

-- list_entries --
-- A page after a cursor.
SELECT e.id, e.resource_id, e.resource_type, e.resource_name, e.resource_parent_id, e.created_at
FROM bin_entries e WHERE e.project_id = $1{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- count_entries --
-- Every match, whatever the page.
SELECT count(*) FROM bin_entries e WHERE e.project_id = $1{filters}
