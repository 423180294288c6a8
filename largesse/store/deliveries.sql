-- wake_turns --
-- The webhooks $2 have something to send now. First in its transaction: whoever releases a turn waits for this, and then
-- sees what was put in.
INSERT INTO webhook_turns AS t (project_id, webhook_id, due_at, turn_at)
SELECT $1, w.id, $3, $3 FROM unnest($2::text[]) AS w (id) ORDER BY w.id
ON CONFLICT (project_id, webhook_id) DO UPDATE
  SET due_at = least(t.due_at, excluded.due_at), turn_at = least(t.turn_at, excluded.turn_at)

-- insert_deliveries --
-- One for each webhook, event and part; what is there already stays as it is. Says which are new.
INSERT INTO webhook_deliveries
  (project_id, id, webhook_id, event_id, type, entity_id, xid, seq, part, body, due_at, created_at)
SELECT $1, d.id, d.webhook_id, d.event_id, d.type, d.entity_id, d.xid::xid8, d.seq, d.part, d.body, $11, $11
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::int[], $10::text[])
  AS d (id, webhook_id, event_id, type, entity_id, xid, seq, part, body)
ON CONFLICT (project_id, webhook_id, event_id, part) DO NOTHING
RETURNING id

-- claim_turns --
-- At most $3 webhooks with something due at $2 that nobody sends for, or whose sender's heartbeat is older than $4
-- seconds. Whoever has waited longest goes first.
UPDATE webhook_turns t SET worker = $1, heartbeat_at = $2
FROM (
  SELECT c.project_id, c.webhook_id FROM webhook_turns c JOIN projects p ON p.id = c.project_id AND p.deleted_at IS NULL
  WHERE c.due_at <= $2::timestamptz(3) AND (c.rest_until IS NULL OR c.rest_until <= $2::timestamptz(3))
    AND (c.heartbeat_at IS NULL OR c.heartbeat_at < $2 - make_interval(secs => $4))
  ORDER BY c.turn_at, c.project_id, c.webhook_id LIMIT $3
  FOR UPDATE OF c SKIP LOCKED
) AS due
WHERE t.project_id = due.project_id AND t.webhook_id = due.webhook_id
RETURNING t.project_id, t.webhook_id

-- beat --
-- The sign of life of a sender for the turns that it is at: projects $2, webhooks $3, claims $4. Says which still are its.
UPDATE webhook_turns t SET heartbeat_at = $1
FROM unnest($2::int[], $3::text[], $4::text[]) AS h (project_id, webhook_id, claim)
WHERE t.worker = h.claim AND t.project_id = h.project_id AND t.webhook_id = h.webhook_id
RETURNING t.project_id, t.webhook_id, t.worker

-- lock_turn --
-- Still ours? Before it is released or written about.
SELECT worker = $3 AS ours FROM webhook_turns WHERE project_id = $1 AND webhook_id = $2 FOR UPDATE

-- release_turn --
-- To the end of the line, until the next delivery is due.
UPDATE webhook_turns t SET worker = NULL, heartbeat_at = NULL, turn_at = $4, rest_until = coalesce($5, t.rest_until),
  due_at = (SELECT min(d.due_at) FROM webhook_deliveries d
    WHERE d.project_id = $1 AND d.webhook_id = $2 AND d.ended_at IS NULL)
WHERE t.project_id = $1 AND t.webhook_id = $2 AND t.worker = $3

-- drop_turn --
-- A webhook that is deleted has none.
DELETE FROM webhook_turns WHERE project_id = $1 AND webhook_id = $2

-- wait_for_heads --
-- Deliveries that are due at $3, but whose entity has an earlier one that is to be tried later: they are due when that is.
-- At most $4. What is put in while the earlier one waits would have its turn called again and again.
UPDATE webhook_deliveries d SET due_at = b.due_at
FROM (
  SELECT w.id, h.due_at FROM webhook_deliveries w
  CROSS JOIN LATERAL (
    SELECT e.id, e.due_at FROM webhook_deliveries e
    WHERE e.project_id = $1 AND e.webhook_id = $2 AND e.entity_id = w.entity_id AND e.status = 'PENDING'
    ORDER BY e.xid, e.seq, e.part LIMIT 1) AS h
  WHERE w.project_id = $1 AND w.webhook_id = $2 AND w.ended_at IS NULL AND w.due_at <= $3::timestamptz(3)
    AND h.id <> w.id AND h.due_at > $3::timestamptz(3)
  LIMIT $4
) AS b
WHERE d.project_id = $1 AND d.id = b.id
RETURNING d.id

-- due_deliveries --
-- What is due at $3, at most $4, without those in hand ($5): of each entity only the earliest that is still pending. With
-- LIMIT 1 that stays a look-up by the entity's index; an anti-join without statistics goes through all that is pending.
SELECT d.id, d.webhook_id, d.event_id, d.type, d.entity_id, d.body, d.status, d.reason, d.tries, d.tried_at, d.due_at,
  d.attempts, d.created_at, d.ended_at
FROM webhook_deliveries d
WHERE d.project_id = $1 AND d.webhook_id = $2 AND d.ended_at IS NULL AND d.due_at <= $3::timestamptz(3) AND d.id <> ALL ($5::text[])
  AND d.id = (
    SELECT e.id FROM webhook_deliveries e
    WHERE e.project_id = $1 AND e.webhook_id = $2 AND e.entity_id = d.entity_id AND e.status = 'PENDING'
    ORDER BY e.xid, e.seq, e.part LIMIT 1)
ORDER BY d.due_at, d.xid, d.seq, d.part LIMIT $4

-- record_attempts --
-- What came of them, by delivery ($2): $3 the new status, $4 the reason for parking, $5 when it is due again, $6 … $10
-- the attempt, $11 when it began. Those that ended meanwhile stay as they are; the attempt was made all the same.
WITH sent AS (
  SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::int[], $8::text[],
    $9::text[], $10::int[], $11::timestamptz[]) AS s (id, status, park, due_at, result, answered, reason, answer, elapsed_ms, at)
), told AS (
  UPDATE webhook_deliveries d SET
    status = CASE WHEN d.status = 'PENDING' THEN s.status ELSE d.status END,
    reason = CASE WHEN d.status = 'PENDING' THEN s.park ELSE d.reason END,
    tries = d.tries + 1, tried_at = coalesce(d.tried_at, s.at), due_at = coalesce(s.due_at, d.due_at),
    attempts = d.attempts + 1,
    ended_at = CASE WHEN d.status <> 'PENDING' THEN d.ended_at WHEN s.status <> 'PENDING' THEN $12::timestamptz END
  FROM sent s WHERE d.project_id = $1 AND d.id = s.id
  RETURNING d.id, d.attempts
)
INSERT INTO webhook_attempts (project_id, delivery_id, number, result, status, reason, answer, elapsed_ms, created_at)
SELECT $1, t.id, t.attempts, s.result, s.answered, s.reason, s.answer, s.elapsed_ms, s.at
FROM told t JOIN sent s ON s.id = t.id

-- wait_behind --
-- What comes after a delivery that will be tried later waits as long: it needn't be looked at before. With $4 in the
-- past it is due at once. OFFSET 0 keeps the look-up by entity what it is, also without statistics; outside of it a
-- condition on the status would bring in the index of all that is pending.
UPDATE webhook_deliveries d SET due_at = b.due_at
FROM (
  SELECT k.id, w.due_at FROM unnest($3::text[], $4::timestamptz[]) AS w (entity_id, due_at)
  CROSS JOIN LATERAL (
    SELECT e.id FROM webhook_deliveries e
    WHERE e.project_id = $1 AND e.webhook_id = $2 AND e.entity_id = w.entity_id AND e.status = 'PENDING' AND e.tries = 0
    OFFSET 0) AS k
) AS b
WHERE d.project_id = $1 AND d.id = b.id

-- park_deliveries --
-- All that is pending for a webhook, with the reason.
UPDATE webhook_deliveries SET status = 'PARKED', reason = $3, ended_at = now()
WHERE project_id = $1 AND webhook_id = $2 AND status = 'PENDING'

-- get_delivery --
-- By id.
SELECT id, webhook_id, event_id, type, entity_id, body, status, reason, tries, tried_at, due_at, attempts, created_at,
  ended_at
FROM webhook_deliveries WHERE project_id = $1 AND webhook_id = $2 AND id = $3

-- list_attempts --
-- Of one delivery, in order.
SELECT number, result, status, reason, answer, elapsed_ms, created_at FROM webhook_attempts
WHERE project_id = $1 AND delivery_id = $2 ORDER BY number

-- list_deliveries --
-- One page.
SELECT d.id, d.webhook_id, d.event_id, d.type, d.entity_id, d.body, d.status, d.reason, d.tries, d.tried_at, d.due_at,
  d.attempts, d.created_at, d.ended_at
FROM webhook_deliveries d WHERE d.project_id = $1{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- count_deliveries --
-- Every match, whatever the page.
SELECT count(*) FROM webhook_deliveries d WHERE d.project_id = $1{filters}

-- send_again --
-- Those of a webhook that were made from $3 to $4 and ended as $5 says (null: anyhow), or the one with the id $6: another
-- round of attempts, with the same id and body. At most $7, the earliest first.
UPDATE webhook_deliveries SET status = 'PENDING', reason = NULL, tries = 0, tried_at = NULL, due_at = $8, ended_at = NULL
WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT d.id FROM webhook_deliveries d
  WHERE d.project_id = $1 AND d.webhook_id = $2 AND d.status <> 'PENDING'
    AND ($3::timestamptz IS NULL OR d.created_at >= $3) AND ($4::timestamptz IS NULL OR d.created_at <= $4)
    AND ($5::text IS NULL OR d.status = $5) AND ($6::text IS NULL OR d.id = $6)
  ORDER BY d.created_at, d.id LIMIT $7))
RETURNING id

-- clear_deliveries --
-- A chunk of at most $4: those that ended before $2 ($3: those delivered before), and all of deleted webhooks.
WITH gone AS (
  DELETE FROM webhook_deliveries WHERE project_id = $1 AND id = ANY (ARRAY(
    SELECT d.id FROM webhook_deliveries d WHERE d.project_id = $1 AND d.status <> 'PENDING'
      AND (d.ended_at < $2 OR (d.ended_at < $3 AND d.status = 'DELIVERED'))
    UNION ALL
    SELECT d.id FROM webhooks w JOIN webhook_deliveries d ON d.project_id = $1 AND d.webhook_id = w.id
    WHERE w.project_id = $1 AND w.deleted_at IS NOT NULL
    LIMIT $4))
  RETURNING id
), attempts AS (
  DELETE FROM webhook_attempts a WHERE a.project_id = $1 AND a.delivery_id = ANY (ARRAY(SELECT id FROM gone))
)
SELECT count(*) FROM gone

-- following --
-- What is due at $3 and comes next for the entities $4.
SELECT k.* FROM unnest($4::text[]) AS w (entity_id) CROSS JOIN LATERAL (
  SELECT d.id, d.webhook_id, d.event_id, d.type, d.entity_id, d.body, d.status, d.reason, d.tries, d.tried_at, d.due_at,
    d.attempts, d.created_at, d.ended_at
  FROM webhook_deliveries d
  WHERE d.project_id = $1 AND d.webhook_id = $2 AND d.entity_id = w.entity_id AND d.status = 'PENDING'
  ORDER BY d.xid, d.seq, d.part LIMIT 1) AS k
WHERE k.due_at <= $3::timestamptz(3)
