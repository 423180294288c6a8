-- Exports: their rows, the pieces of their files, what they read, and the vouchers that they publish.

-- create_export --
-- What was asked; the job that does it is enqueued in the same transaction. No row when $8 are under way already, or $12
-- of the key $11: the caller holds the project's lock.
INSERT INTO exports (project_id, id, exported_object, parameters, narrowed, publishes, phase, channel, user_id, app_id)
SELECT $1, $2, $3, $4, $5, $6, $7, $9, $10, $11
WHERE (SELECT count(*) FROM exports WHERE project_id = $1 AND phase IS NOT NULL) < $8
  AND (SELECT count(*) FROM exports WHERE project_id = $1 AND phase IS NOT NULL AND app_id = $11) < $12
RETURNING id

-- count_publishable --
-- How many vouchers an export would publish now: free ones, by the pool's index alone where nothing else is asked.
SELECT count(*) FROM vouchers v
WHERE v.project_id = $1 AND v.state = 0 AND v.active{filters}

-- get_export --
-- One that wasn't deleted.
SELECT e.id, e.exported_object, e.status, e.channel, e.user_id, e.parameters, e.narrowed, e.publishes, e.phase,
  e.held_after, e.attempt, e.pieces, e.bytes, e.rows, e.status = 'DONE' AND e.file_until > now() AS available,
  e.deleted_at IS NOT NULL AS deleted, e.created_at
FROM exports e WHERE e.project_id = $1 AND e.id = $2 AND e.deleted_at IS NULL

-- lock_export --
-- For the job: deleted ones too. Whoever does a chunk holds this row.
SELECT e.id, e.exported_object, e.status, e.channel, e.user_id, e.parameters, e.narrowed, e.publishes, e.phase,
  e.held_after, e.attempt, e.pieces, e.bytes, e.rows, e.status = 'DONE' AND e.file_until > now() AS available,
  e.deleted_at IS NOT NULL AS deleted, e.created_at
FROM exports e WHERE e.project_id = $1 AND e.id = $2
FOR NO KEY UPDATE

-- list_exports --
-- One page; exports are few.
SELECT e.id, e.exported_object, e.status, e.channel, e.user_id, e.parameters, e.narrowed, e.publishes, e.phase,
  e.held_after, e.attempt, e.pieces, e.bytes, e.rows, e.status = 'DONE' AND e.file_until > now() AS available,
  e.deleted_at IS NOT NULL AS deleted, e.created_at
FROM exports e WHERE e.project_id = $1 AND e.deleted_at IS NULL{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- count_exports --
-- All that can be seen.
SELECT count(*) FROM exports e WHERE e.project_id = $1 AND e.deleted_at IS NULL{filters}

-- delete_export --
-- Out of sight. Its job, or the sweeper, does the rest.
UPDATE exports SET deleted_at = now(), updated_at = now()
WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- move_export --
-- How far the job came, in the chunk's own transaction. The file's time begins with DONE: $7 days.
UPDATE exports e SET
  status = $3, phase = $4, held_after = $5, failure = coalesce($6, e.failure), updated_at = clock.t,
  file_until = CASE WHEN $3 = 'DONE' THEN clock.until ELSE e.file_until END
FROM (SELECT now() AS t, now() + make_interval(days => $7::int) AS until) AS clock
WHERE e.project_id = $1 AND e.id = $2

-- begin_file --
-- A file is begun anew by each attempt; what an earlier one has written, or still writes, doesn't count any more.
UPDATE exports SET attempt = attempt + 1, status = 'IN_PROGRESS', updated_at = now()
WHERE project_id = $1 AND id = $2 AND phase = 'file' AND deleted_at IS NULL
RETURNING attempt

-- flush_later --
-- For this transaction: its commit doesn't wait for the disk. A commit that does flushes everything of before.
SELECT set_config('synchronous_commit', 'off', true)

-- save_piece --
-- Nothing when the export was deleted or another attempt has begun.
INSERT INTO export_pieces (project_id, export_id, attempt, number, content)
SELECT $1, e.id, e.attempt, $4, $5 FROM exports e
WHERE e.project_id = $1 AND e.id = $2 AND e.attempt = $3 AND e.phase = 'file' AND e.deleted_at IS NULL
RETURNING number

-- finish_file --
-- The file of this attempt is whole.
UPDATE exports SET phase = 'publish', pieces = $4, bytes = $5, rows = $6, updated_at = now()
WHERE project_id = $1 AND id = $2 AND attempt = $3 AND phase = 'file' AND deleted_at IS NULL
RETURNING id

-- get_piece --
-- One piece of a file that is whole.
SELECT p.content FROM exports e JOIN export_pieces p ON p.project_id = $1 AND p.export_id = e.id AND p.attempt = e.attempt
WHERE e.project_id = $1 AND e.id = $2 AND e.status = 'DONE' AND e.deleted_at IS NULL AND p.number = $3

-- purge_pieces --
-- Up to $2 pieces that nobody will read: of overtaken attempts, failed and deleted exports, files whose time is up.
DELETE FROM export_pieces WHERE project_id = $1 AND (export_id, attempt, number) IN (
  SELECT p.export_id, p.attempt, p.number
  FROM exports e JOIN export_pieces p ON p.project_id = $1 AND p.export_id = e.id
  WHERE e.project_id = $1 AND (p.attempt < e.attempt
    OR e.phase IS NULL AND (e.deleted_at IS NOT NULL OR e.status = 'ERROR' OR e.file_until <= now()))
  LIMIT $2
)
RETURNING number

-- purge_exports --
-- Deleted exports of which nothing is left to do.
DELETE FROM exports e
WHERE e.project_id = $1 AND e.deleted_at IS NOT NULL AND e.phase IS NULL
  AND NOT EXISTS (SELECT FROM export_pieces p WHERE p.project_id = $1 AND p.export_id = e.id)

-- read_whole --
-- For the rest of a transaction that reads a whole table: no limit but the export's own, plans for its values, and times
-- in UTC by themselves: AT TIME ZONE would look up the zone's name for every row.
SELECT set_config('statement_timeout', '0', true), set_config('plan_cache_mode', 'force_custom_plan', true),
  set_config('timezone', 'UTC', true)

-- copy_publication --
-- A row for each code, in no order of their own (it would cost a sort); a failure, which has none, is a row too.
SELECT {columns} FROM publications p
LEFT JOIN campaigns n ON n.project_id = $1 AND n.id = p.campaign_id
LEFT JOIN LATERAL (
  SELECT l.code FROM publication_vouchers l
  WHERE l.project_id = $1 AND l.publication_id = p.id AND p.vouchers_count > 1
) m ON true
WHERE p.project_id = $1 AND p.result <> 'HELD'{filters}
ORDER BY {order}

-- copy_voucher --
-- As the list shows them.
SELECT {columns} FROM vouchers v
LEFT JOIN campaigns n ON n.project_id = $1 AND n.id = v.campaign_id
LEFT JOIN categories k ON k.project_id = $1 AND k.id = v.category_id
LEFT JOIN customers c ON c.project_id = $1 AND c.id = v.holder_id
WHERE v.project_id = $1 AND v.deleted_at IS NULL{filters}
ORDER BY {order}

-- copy_held_voucher --
-- The same for an export that publishes: what it holds, and what nobody can get from a pool any more. A code that came
-- free after the hold would go out in this file and once more to a customer: left out, as what others hold.
SELECT {columns} FROM vouchers v
LEFT JOIN campaigns n ON n.project_id = $1 AND n.id = v.campaign_id
LEFT JOIN categories k ON k.project_id = $1 AND k.id = v.category_id
LEFT JOIN customers c ON c.project_id = $1 AND c.id = v.holder_id
WHERE v.project_id = $1 AND v.deleted_at IS NULL AND (v.held_by = {export} AND v.state = 1
  OR v.state <> 1 AND NOT (v.state = 0 AND v.active AND (v.expiration_date IS NULL OR v.expiration_date > now())){filters})
ORDER BY {order}

-- copy_customer --
-- As the list shows them.
SELECT {columns} FROM customers c WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters}
ORDER BY {order}

-- copy_voucher_transactions --
-- Those of deleted cards too.
SELECT {columns} FROM voucher_transactions t WHERE t.project_id = $1{filters}
ORDER BY {order}

-- as_json --
-- Each row of an export as one object.
SELECT row_to_json(r) FROM ({rows}) AS r

-- keys_publication --
-- The metadata keys in an export of publications: each is a column of its file.
SELECT DISTINCT m.key FROM publications p CROSS JOIN LATERAL jsonb_object_keys(p.metadata) AS m (key)
WHERE p.project_id = $1 AND p.result <> 'HELD'{filters}
ORDER BY m.key LIMIT {limit}

-- keys_voucher --
-- The same for vouchers; also of some that an export which publishes leaves out.
SELECT DISTINCT m.key FROM vouchers v CROSS JOIN LATERAL jsonb_object_keys(v.metadata) AS m (key)
WHERE v.project_id = $1 AND v.deleted_at IS NULL{filters}
ORDER BY m.key LIMIT {limit}

-- keys_customer --
-- The same for customers.
SELECT DISTINCT m.key FROM customers c CROSS JOIN LATERAL jsonb_object_keys(c.metadata) AS m (key)
WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters}
ORDER BY m.key LIMIT {limit}

-- free_vouchers --
-- The next free vouchers of an export, locked until the transaction ends. What is done to them names them one by one:
-- joined, they would be compared each with each where the planner takes ten thousand rows for one.
SELECT v.id FROM vouchers v
WHERE v.project_id = $1 AND v.deleted_at IS NULL AND v.state = 0 AND v.active
  AND (v.expiration_date IS NULL OR v.expiration_date > now()) AND v.id > {after}::text{filters}
ORDER BY v.id LIMIT {limit}::int
FOR NO KEY UPDATE OF v

-- any_to_hold --
-- Whether there is one left: the others may have been faster with a whole chunk.
SELECT EXISTS (
  SELECT FROM vouchers v
  WHERE v.project_id = $1 AND v.deleted_at IS NULL AND v.state = 0 AND v.active
    AND (v.expiration_date IS NULL OR v.expiration_date > now()) AND v.id > {after}::text{filters}
)

-- hold_vouchers --
-- Locked free ones leave the pool; their looks stay as they are. Says how many of which campaign.
WITH held AS (
  UPDATE vouchers SET state = 1, held_by = $2
  WHERE project_id = $1 AND id = ANY ($3::text[]) AND state = 0 AND active
  RETURNING campaign_id
)
SELECT campaign_id, count(*) AS vouchers, 0::bigint AS disabled FROM held GROUP BY campaign_id

-- held_vouchers --
-- The next $3 that an export holds, locked until the transaction ends.
SELECT v.id FROM vouchers v WHERE v.project_id = $1 AND v.held_by = $2 AND v.state = 1
ORDER BY v.id LIMIT $3
FOR NO KEY UPDATE

-- release_vouchers --
-- Locked held ones go back. Says how many of which campaign, and how many are switched off.
WITH freed AS (
  UPDATE vouchers SET state = 0, held_by = NULL
  WHERE project_id = $1 AND id = ANY ($3::text[]) AND state = 1 AND held_by = $2
  RETURNING campaign_id, active
)
SELECT campaign_id, count(*) AS vouchers, count(*) FILTER (WHERE NOT active) AS disabled FROM freed GROUP BY campaign_id

-- publish_vouchers --
-- Locked held ones, $3, become published without a customer, each in a publication of its own: $4 and $5 are objects of
-- its id and its holder record's by voucher, $6 the metadata, $7 the time zone, $8 and $9 the events' provenance. Says
-- how many of which campaign.
WITH mark AS (
  UPDATE vouchers v SET state = 2, held_by = NULL, publish_count = v.publish_count + 1, updated_at = clock.t,
    expiration_date = coalesce((clock.t AT TIME ZONE $7 + (
      SELECT n.valid_for FROM campaigns n WHERE n.project_id = $1 AND n.id = v.campaign_id
    )) AT TIME ZONE $7, v.expiration_date)
  FROM (SELECT now()::timestamptz(3) AS t) AS clock
  WHERE v.project_id = $1 AND v.id = ANY ($3::text[]) AND v.state = 1 AND v.held_by = $2
  RETURNING v.*, $4::jsonb ->> v.id AS publication_id, $5::jsonb ->> v.id AS link_id
),
pub AS (
  INSERT INTO publications (project_id, id, result, campaign_id, channel, metadata, vouchers_count, first_code,
    voucher_type, is_referral_code, created_at)
  SELECT $1, m.publication_id, 'SUCCESS', m.campaign_id, 'CSV', $6::jsonb, 1, m.code, m.type, m.is_referral_code,
    m.updated_at
  FROM mark m ORDER BY m.publication_id
  RETURNING 1
),
link AS (
  INSERT INTO publication_vouchers (project_id, voucher_id, to_customer, id, publication_id, position, code)
  SELECT $1, m.id, false, m.link_id, m.publication_id, 1, m.code FROM mark m
  RETURNING 1
),
event AS (
  INSERT INTO events (project_id, id, type, entity_id, data, request_id, actor)
  SELECT $1, 'ev_' || substr(m.publication_id, 5), 'publication.succeeded', m.publication_id, jsonb_build_object(
      'publication', jsonb_build_object(
        'id', m.publication_id, 'result', 'SUCCESS', 'campaign_id', m.campaign_id, 'customer_id', NULL,
        'tracking_id', NULL, 'source_id', NULL, 'channel', 'CSV', 'metadata', $6::jsonb, 'vouchers_count', 1,
        'first_code', m.code, 'voucher_type', m.type, 'is_referral_code', m.is_referral_code,
        'first_of_customer', false, 'failure_code', NULL, 'failure_message', NULL, 'created_at', m.updated_at),
      'customer', NULL,
      'campaign', (SELECT to_jsonb(c) - 'project_id' FROM campaigns c WHERE c.project_id = $1 AND c.id = m.campaign_id),
      'vouchers', jsonb_build_array(to_jsonb(m)
        - '{project_id,code_key,pick_key,deleted_at,held_by,publication_id,link_id}'::text[] || '{"position": 1}')),
    $8, $9
  FROM mark m ORDER BY m.publication_id
  RETURNING 1
)
SELECT campaign_id, count(*) AS vouchers, 0::bigint AS disabled FROM mark GROUP BY campaign_id
