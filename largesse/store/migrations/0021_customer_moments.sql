-- Lists of customers go on behind a moment. All of one import shared theirs, and a page that ended among them lost the rest:
-- each gets a moment of its own, a millisecond after the other, until the one that they shared.
UPDATE customers c SET created_at = c.created_at - t.later * interval '1 millisecond'
FROM (
  SELECT s.project_id, s.id, row_number() OVER (PARTITION BY s.project_id, s.created_at ORDER BY s.id DESC) - 1 AS later
  FROM customers s) t
WHERE t.project_id = c.project_id AND t.id = c.id AND t.later > 0;
