-- Files that somebody is about to import.

-- create_upload --
-- Nothing when $7 of them are waiting already: a day's sweep makes room.
INSERT INTO uploads (project_id, id, kind, campaign_id, content, actor, delimiter, encoding)
SELECT $1, $2, $3, $4, $5, $6, $8, $9 WHERE (SELECT count(*) FROM uploads WHERE project_id = $1) < $7
RETURNING id

-- get_upload --
-- With its content.
SELECT id, kind, campaign_id, content, actor, created_at, delimiter, encoding FROM uploads WHERE project_id = $1 AND id = $2

-- delete_upload --
-- Imported, or not wanted.
DELETE FROM uploads WHERE project_id = $1 AND id = $2

-- sweep_uploads --
-- At most $3 that are older than $2.
DELETE FROM uploads WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM uploads t WHERE t.project_id = $1 AND t.created_at < now() - $2::interval LIMIT $3))
