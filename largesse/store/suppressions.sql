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
-- He may be written to again: however the address $3 stood on the list.
DELETE FROM suppressions WHERE project_id = $1 AND channel = $2 AND target = ANY ($3::text[]) RETURNING target

-- about_contacts --
-- What the comparison of addresses needs: whether any stand on the list, and what numbers without a code are dialled with.
SELECT p.details ->> 'dial_code' AS dial_code,
  ARRAY(SELECT n.channel FROM unnest(ARRAY['email', 'sms']) AS n (channel) WHERE EXISTS (
    SELECT FROM suppressions s WHERE s.project_id = $1 AND s.channel = n.channel
      AND (s.target < 'cust_' OR s.target >= 'cust`'))) AS channels
FROM projects p WHERE p.id = $1

-- find_contacts --
-- Which of the addresses $3, each of the channel in the same place of $2, stand on the list.
SELECT s.channel, s.target FROM suppressions s JOIN unnest($2::text[], $3::text[]) AS n (channel, target)
  ON s.channel = n.channel AND s.target = n.target
WHERE s.project_id = $1

-- addresses_of --
-- Where the customer $2 would be reached; nothing for one who is gone.
SELECT c.email, c.phone FROM customers c WHERE c.project_id = $1 AND c.id = $2
