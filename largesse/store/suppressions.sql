-- Who wants no messages any more.

-- suppress --
-- Addresses, in lower case, or customers, $3, on the channel $2.
INSERT INTO suppressions (project_id, channel, target, reason)
SELECT $1, $2, t.target, $4 FROM unnest($3::text[]) AS t (target) ORDER BY t.target
ON CONFLICT DO NOTHING

-- list_suppressions --
-- One page.
SELECT s.channel, s.target, s.reason, s.created_at FROM suppressions s WHERE s.project_id = $1{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- count_suppressions --
-- Every match.
SELECT count(*) FROM suppressions s WHERE s.project_id = $1{filters}

-- allow --
-- He may be written to again.
DELETE FROM suppressions WHERE project_id = $1 AND channel = $2 AND target = $3 RETURNING target

-- addresses_of --
-- Where the customer $2 would be reached; nothing for one who is gone.
SELECT c.email, c.phone FROM customers c WHERE c.project_id = $1 AND c.id = $2
