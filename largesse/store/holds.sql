-- Codes held by a distribution while its messages are under way (docs/semantics/hold.md): a link and a publication HELD
-- that lists and counts don't see, with their final id, customer and codes. The order of the parts is the order of the locks:
-- customers, vouchers, publications; the counters are the caller's, last. What is changed is named once more as a list:
-- a planner that knows nothing of the tables yet would read them from end to end to join them.

-- lock_recipients --
-- The customers $2, held until the transaction ends, in one order: nobody gives them a code of the campaign $3 meanwhile.
-- `joined`: they have one, or one is held for them.
SELECT c.id, c.source_id, c.deleted_at IS NOT NULL AS gone, (
  SELECT count(*) FROM publications p
  WHERE p.project_id = $1 AND p.campaign_id = $3 AND p.customer_id = c.id AND p.first_of_customer) > 0 AS joined
FROM customers c WHERE c.project_id = $1 AND c.id = ANY ($2::text[])
ORDER BY c.id
FOR NO KEY UPDATE OF c

-- pick_vouchers --
-- Up to $4 free codes of the campaign $2 behind the key $3, in the pool's order; those that somebody takes at this moment
-- are left to him. None of a campaign that has expired.
SELECT v.id, v.code, v.pick_key FROM vouchers v
WHERE v.project_id = $1 AND v.campaign_id = $2 AND v.state = 0 AND v.active AND v.pick_key > $3
  AND (v.expiration_date IS NULL OR v.expiration_date > now())
  AND EXISTS (SELECT FROM campaigns c WHERE c.project_id = $1 AND c.id = $2 AND c.deleted_at IS NULL
    AND (c.expiration_date IS NULL OR c.expiration_date > now()))
ORDER BY v.pick_key LIMIT $4
FOR UPDATE OF v SKIP LOCKED

-- enough_free --
-- Whether the campaign $2 has $3 free codes that can be had: somebody may just have had them in his hands.
SELECT count(*) = $3 FROM (
  SELECT FROM vouchers v JOIN campaigns c ON c.project_id = $1 AND c.id = v.campaign_id
  WHERE v.project_id = $1 AND v.campaign_id = $2 AND v.state = 0 AND v.active AND c.deleted_at IS NULL
    AND (v.expiration_date IS NULL OR v.expiration_date > now())
    AND (c.expiration_date IS NULL OR c.expiration_date > now())
  LIMIT $3) f

-- is_running --
-- Whether codes of the campaign $2 can be had at all.
SELECT c.id FROM campaigns c WHERE c.project_id = $1 AND c.id = $2 AND c.deleted_at IS NULL
  AND (c.expiration_date IS NULL OR c.expiration_date > now())

-- hold_codes --
-- For locked customers and locked vouchers: $2 the holder, $3 the campaign; per recipient $4 customer, $5 its source_id,
-- $6 publication, $7 whether it is the first of the campaign, $8 event; per code $9 voucher, $10 code, $11 publication,
-- $12 position, $13 holder record; $14 channel, $15 metadata, $16 voucher type, $17 referral; per recipient again $18 the
-- number of codes, $19 the first of them. Says which publications are there now: of the others, somebody was faster.
WITH asked AS (
  SELECT * FROM unnest($4::text[], $5::text[], $6::text[], $7::bool[], $8::text[], $18::int[], $19::text[])
    AS a (customer_id, tracking_id, publication_id, first, event_id, vouchers_count, first_code)
), given AS (
  SELECT * FROM unnest($9::text[], $10::text[], $11::text[], $12::int[], $13::text[])
    AS g (voucher_id, code, publication_id, position, link_id)
), pub AS (
  INSERT INTO publications (project_id, id, result, campaign_id, customer_id, tracking_id, channel, metadata,
    vouchers_count, first_code, voucher_type, is_referral_code, first_of_customer)
  SELECT $1, a.publication_id, 'HELD', $3, a.customer_id, a.tracking_id, $14, $15::jsonb,
    a.vouchers_count, a.first_code, $16, $17::bool, a.first
  FROM asked a ORDER BY a.publication_id
  ON CONFLICT DO NOTHING
  RETURNING id
), mark AS (
  UPDATE vouchers v SET state = 1, held_by = $2
  FROM given g JOIN pub ON pub.id = g.publication_id
  WHERE v.project_id = $1 AND v.id = ANY ($9::text[]) AND v.id = g.voucher_id AND v.state = 0
  RETURNING v.id
), link AS (
  INSERT INTO publication_vouchers (project_id, voucher_id, to_customer, id, publication_id, position, code, customer_id)
  SELECT $1, g.voucher_id, true, g.link_id, g.publication_id, g.position, g.code, a.customer_id
  FROM given g JOIN pub ON pub.id = g.publication_id JOIN asked a ON a.publication_id = g.publication_id
  RETURNING voucher_id
), message AS (
  UPDATE distribution_messages m SET state = 'held', publication_id = a.publication_id, updated_at = now()
  FROM asked a JOIN pub ON pub.id = a.publication_id
  WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.customer_id = a.customer_id AND m.event_id = a.event_id
    AND m.customer_id = ANY ($4::text[])
    AND m.state = 'pending'
  RETURNING m.id
)
SELECT pub.id FROM pub

-- fail_codes --
-- Nothing was left for these: a failure each. $2 campaign, $3 customer, $4 its source_id, $5 publication, $6 channel,
-- $7 metadata, $8 voucher type, $9 referral, $10 and $11 code and message of the failure, $12 and $13 provenance.
WITH pub AS (
  INSERT INTO publications AS p (project_id, id, result, campaign_id, customer_id, tracking_id, channel, metadata,
    vouchers_count, voucher_type, is_referral_code, failure_code, failure_message)
  SELECT $1, a.publication_id, 'FAILURE', $2, a.customer_id, a.tracking_id, $6, $7::jsonb, 0, $8, $9::bool, $10, $11
  FROM unnest($3::text[], $4::text[], $5::text[]) AS a (customer_id, tracking_id, publication_id)
  ORDER BY a.publication_id
  RETURNING p.*
)
INSERT INTO events (project_id, id, type, entity_id, data, request_id, actor)
SELECT $1, 'ev_' || substr(pub.id, 5), 'publication.failed', pub.id, jsonb_build_object(
    'publication', to_jsonb(pub) - 'project_id',
    'customer', (SELECT jsonb_build_object('id', c.id, 'source_id', c.source_id, 'name', c.name, 'email', c.email,
      'metadata', c.metadata) FROM customers c WHERE c.project_id = $1 AND c.id = pub.customer_id),
    'campaign', (SELECT to_jsonb(c) - 'project_id' FROM campaigns c WHERE c.project_id = $1 AND c.id = pub.campaign_id),
    'vouchers', NULL), $12, $13
FROM pub ORDER BY pub.id

-- lock_holders --
-- The customers of the publications $2, deleted ones too, in one order.
SELECT c.id FROM customers c
WHERE c.project_id = $1 AND c.id = ANY (ARRAY(
  SELECT p.customer_id FROM publications p WHERE p.project_id = $1 AND p.id = ANY ($2::text[])))
ORDER BY c.id
FOR NO KEY UPDATE OF c

-- lock_held_codes --
-- The vouchers of the publications $2, in one order.
SELECT v.id FROM vouchers v
WHERE v.project_id = $1 AND v.id = ANY (ARRAY(
  SELECT l.voucher_id FROM publication_vouchers l WHERE l.project_id = $1 AND l.publication_id = ANY ($2::text[])))
ORDER BY v.id
FOR NO KEY UPDATE OF v

-- confirm_holds --
-- The messages were accepted: the publications $3 that are held are successes now, of the holder $2; $4 time zone, $5 and
-- $6 provenance. What was deleted meanwhile stays deleted. Says by campaign how many vouchers and publications.
WITH mark AS (
  UPDATE vouchers v SET state = 3, held_by = NULL, holder_id = l.customer_id, publish_count = v.publish_count + 1,
    updated_at = clock.t, expiration_date = coalesce((clock.t AT TIME ZONE $4 + (
      SELECT n.valid_for FROM campaigns n WHERE n.project_id = $1 AND n.id = v.campaign_id
    )) AT TIME ZONE $4, v.expiration_date)
  FROM (SELECT now()::timestamptz(3) AS t) AS clock, publication_vouchers l
  WHERE l.project_id = $1 AND l.publication_id = ANY ($3::text[]) AND l.to_customer
    AND v.project_id = $1 AND v.id = l.voucher_id AND v.state = 1 AND v.held_by = $2
    AND v.id = ANY (ARRAY(
      SELECT k.voucher_id FROM publication_vouchers k WHERE k.project_id = $1 AND k.publication_id = ANY ($3::text[])))
  RETURNING v.*, l.publication_id, l.position
), pub AS (
  UPDATE publications p SET result = 'SUCCESS', created_at = clock.t
  FROM (SELECT now()::timestamptz(3) AS t) AS clock
  WHERE p.project_id = $1 AND p.id = ANY ($3::text[]) AND p.result = 'HELD'
  RETURNING p.*
), bundle AS MATERIALIZED (
  SELECT m.publication_id, jsonb_agg(to_jsonb(m)
    - '{project_id,code_key,pick_key,deleted_at,held_by,publication_id}'::text[] ORDER BY m.position) AS vouchers
  FROM mark m GROUP BY m.publication_id
), origin AS MATERIALIZED (
  SELECT c.id, to_jsonb(c) - 'project_id' AS campaign FROM campaigns c
  WHERE c.project_id = $1 AND c.id = ANY (ARRAY(SELECT DISTINCT pub.campaign_id FROM pub))
), event AS (
  INSERT INTO events (project_id, id, type, entity_id, data, request_id, actor)
  SELECT $1, 'ev_' || substr(pub.id, 5), 'publication.succeeded', pub.id, jsonb_build_object(
      'publication', to_jsonb(pub) - 'project_id',
      'customer', (SELECT jsonb_build_object('id', c.id, 'source_id', c.source_id, 'name', c.name, 'email', c.email,
        'metadata', c.metadata) FROM customers c WHERE c.project_id = $1 AND c.id = pub.customer_id),
      'campaign', origin.campaign, 'vouchers', bundle.vouchers), $5, $6
  FROM pub LEFT JOIN bundle ON bundle.publication_id = pub.id LEFT JOIN origin ON origin.id = pub.campaign_id
  ORDER BY pub.id
  RETURNING 1
)
SELECT pub.campaign_id, coalesce(sum(marked.vouchers), 0)::bigint AS vouchers, count(*) AS publications,
  0::bigint AS disabled
FROM pub LEFT JOIN (SELECT m.publication_id, count(*) AS vouchers FROM mark m GROUP BY m.publication_id) AS marked
  ON marked.publication_id = pub.id
GROUP BY pub.campaign_id

-- release_holds --
-- The messages failed on every channel: the codes go back, the publications $3 are failures, with $4 and $5 as code and
-- message; $6 and $7 provenance. The first of a customer it isn't any more.
WITH freed AS (
  UPDATE vouchers v SET state = 0, held_by = NULL
  FROM publication_vouchers l
  WHERE l.project_id = $1 AND l.publication_id = ANY ($3::text[]) AND l.to_customer
    AND v.project_id = $1 AND v.id = l.voucher_id AND v.state = 1 AND v.held_by = $2
    AND v.id = ANY (ARRAY(
      SELECT k.voucher_id FROM publication_vouchers k WHERE k.project_id = $1 AND k.publication_id = ANY ($3::text[])))
  RETURNING v.active, l.publication_id
), pub AS (
  UPDATE publications p SET result = 'FAILURE', vouchers_count = 0, first_code = NULL, first_of_customer = false,
    failure_code = $4, failure_message = $5, created_at = clock.t
  FROM (SELECT now()::timestamptz(3) AS t) AS clock
  WHERE p.project_id = $1 AND p.id = ANY ($3::text[]) AND p.result = 'HELD'
  RETURNING p.*
), link AS (
  DELETE FROM publication_vouchers l USING pub WHERE l.project_id = $1 AND l.publication_id = pub.id
  RETURNING l.voucher_id
), event AS (
  INSERT INTO events (project_id, id, type, entity_id, data, request_id, actor)
  SELECT $1, 'ev_' || substr(pub.id, 5), 'publication.failed', pub.id, jsonb_build_object(
      'publication', to_jsonb(pub) - 'project_id',
      'customer', (SELECT jsonb_build_object('id', c.id, 'source_id', c.source_id, 'name', c.name, 'email', c.email,
        'metadata', c.metadata) FROM customers c WHERE c.project_id = $1 AND c.id = pub.customer_id),
      'campaign', (SELECT to_jsonb(c) - 'project_id' FROM campaigns c WHERE c.project_id = $1 AND c.id = pub.campaign_id),
      'vouchers', NULL), $6, $7
  FROM pub ORDER BY pub.id
  RETURNING 1
)
SELECT pub.campaign_id, coalesce(sum(gone.vouchers), 0)::bigint AS vouchers, count(*) AS publications,
  coalesce(sum(gone.disabled), 0)::bigint AS disabled
FROM pub LEFT JOIN (
  SELECT f.publication_id, count(*) AS vouchers, count(*) FILTER (WHERE NOT f.active) AS disabled
  FROM freed f GROUP BY f.publication_id) AS gone ON gone.publication_id = pub.id
GROUP BY pub.campaign_id

-- pass_on_first --
-- Where the publications $2 that were just released had been the first of their customers, the next one is it now.
UPDATE publications p SET first_of_customer = true
WHERE p.project_id = $1 AND p.id = ANY (ARRAY(
  SELECT heir.id FROM publications r CROSS JOIN LATERAL (
    SELECT o.id FROM (
      (SELECT s.id FROM publications s
       WHERE s.project_id = $1 AND s.customer_id = r.customer_id AND s.result <> 'HELD' AND s.result = 'SUCCESS'
         AND s.campaign_id = r.campaign_id ORDER BY s.id LIMIT 1)
      UNION ALL
      (SELECT h.id FROM publications h
       WHERE h.project_id = $1 AND h.customer_id = r.customer_id AND h.result = 'HELD'
         AND h.campaign_id = r.campaign_id ORDER BY h.id LIMIT 1)) AS o
    ORDER BY o.id LIMIT 1) AS heir
  WHERE r.project_id = $1 AND r.id = ANY ($2::text[]) AND NOT EXISTS (
    SELECT FROM publications f WHERE f.project_id = $1 AND f.campaign_id = r.campaign_id
      AND f.customer_id = r.customer_id AND f.first_of_customer)))
