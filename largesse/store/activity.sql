-- list_activity --
-- What happened to the customer $2, of the types $3, from $4 to $5, of the campaign $6 and campaigns of the type $7,
-- beyond the entry $8 (each null: any), at most $9. Every part begins at an index by the customer, so it costs what he
-- has done. `rank` puts what one transaction did in its order: somebody is made before he is given anything. OFFSET 0
-- keeps outer conditions out of the look-ups, where the planner might search a whole index for them. Of publications,
-- which may be a hundred thousand, only those are looked at that may be on the page: `latest`, from the index alone as long
-- as all of them are wanted. `mark` finds the entry $8 by its id, in each of the parts.
WITH mark AS MATERIALIZED (
  SELECT e.created_at, CASE e.type WHEN 'voucher.deleted' THEN 3 ELSE 0 END AS rank, e.id
  FROM events e
  WHERE e.project_id = $1 AND e.id = $8 AND (e.type = 'voucher.deleted' AND EXISTS (
      SELECT FROM publication_vouchers l WHERE l.project_id = $1 AND l.voucher_id = e.entity_id AND l.customer_id = $2)
    OR e.type IN ('customer.created', 'customer.updated', 'customer.deleted') AND e.entity_id = $2)
  UNION ALL
  SELECT e.created_at, 1, $8 FROM events e
  WHERE e.project_id = $1 AND e.entity_id = $2 AND e.type = 'customer.custom_event' AND e.id = $8
  UNION ALL
  SELECT e.created_at, 2, $8 FROM events e
  WHERE e.project_id = $1 AND e.entity_id = $2 AND e.id = $8
    AND e.type IN ('customer.referred', 'customer.segment.entered', 'customer.segment.left')
  UNION ALL
  SELECT k.at, 2, $8 FROM distribution_messages m
  CROSS JOIN LATERAL (VALUES ('', m.sent_at), ('f', m.failed_at)) AS k (suffix, at)
  WHERE m.project_id = $1 AND m.id = 'msg_' || substr($8, 4, 18) AND k.suffix = substr($8, 22) AND m.customer_id = $2
  UNION ALL
  SELECT p.created_at, 1, $8 FROM publications p
  WHERE p.project_id = $1 AND p.id = 'pub_' || substr($8, 4) AND p.customer_id = $2 AND p.result <> 'HELD'
  UNION ALL
  SELECT t.created_at, 2, $8 FROM voucher_transactions t JOIN vouchers v ON v.project_id = $1 AND v.id = t.voucher_id
  WHERE t.project_id = $1 AND t.id = 'vtx_' || substr($8, 4) AND t.type IN ('CREDITS_ADDITION', 'POINTS_ADDITION')
    AND v.holder_id = $2 AND v.type <> 'DISCOUNT_VOUCHER'
), latest AS MATERIALIZED (
  SELECT his.id FROM (
    SELECT p.id, p.created_at FROM publications p
    WHERE p.project_id = $1 AND p.customer_id = $2 AND p.result <> 'HELD'
      AND ($3::text[] @> ARRAY['customer.publication.succeeded', 'customer.publication.failed'] OR 'customer.publication.' ||
        CASE p.result WHEN 'SUCCESS' THEN 'succeeded' ELSE 'failed' END = ANY ($3))
      AND ($4::timestamptz IS NULL OR p.created_at >= $4) AND ($5::timestamptz IS NULL OR p.created_at <= $5)
      AND ($6::text IS NULL OR p.campaign_id = $6) AND ($7::text IS NULL OR p.campaign_id IN (
        SELECT n.id FROM campaigns n WHERE n.project_id = $1 AND n.campaign_type = $7))
      AND ($8::text IS NULL OR (p.created_at, 1, 'ev_' || substr(p.id, 5)) {beyond} (SELECT created_at, rank, id FROM mark))
    OFFSET 0) his
  ORDER BY his.created_at {way}, his.id {way} LIMIT $9
), feed AS NOT MATERIALIZED (
  SELECT e.created_at, 0 AS rank, e.id, e.type, e.entity_id AS subject, NULL::text AS campaign_id, e.data,
    e.request_id, e.actor
  FROM events e
  WHERE e.project_id = $1 AND e.entity_id = $2 AND e.type IN ('customer.created', 'customer.updated', 'customer.deleted')
  UNION ALL
  SELECT e.created_at, 1, e.id, e.type, e.entity_id, NULL, e.data, e.request_id, e.actor
  FROM events e
  WHERE e.project_id = $1 AND e.entity_id = $2 AND e.type = 'customer.custom_event'
  UNION ALL
  SELECT e.created_at, 2, e.id, e.type, e.entity_id, e.data -> 'campaign' ->> 'id', e.data, e.request_id, e.actor
  FROM events e
  WHERE e.project_id = $1 AND e.entity_id = $2
    AND e.type IN ('customer.referred', 'customer.segment.entered', 'customer.segment.left')
  UNION ALL
  SELECT k.at, 2, 'ev_' || substr(m.id, 5) || k.suffix, 'customer.' || m.channel || '.' || k.what, m.id, p.campaign_id,
    jsonb_build_object('message', jsonb_build_object('id', m.id, 'reason', k.reason), 'distribution', (
      SELECT jsonb_build_object('id', d.id, 'name', d.name) FROM distributions d
      WHERE d.project_id = $1 AND d.id = m.distribution_id)), NULL, NULL
  FROM distribution_messages m
  CROSS JOIN LATERAL (VALUES ('', m.sent_at, NULL, CASE WHEN m.failed_at IS NULL THEN 'sent' ELSE 'recovered' END),
    ('f', m.failed_at, CASE m.state WHEN 'failed' THEN m.reason END, 'failed')) AS k (suffix, at, reason, what)
  LEFT JOIN publications p ON p.project_id = $1 AND p.id = m.publication_id
  WHERE m.project_id = $1 AND m.customer_id = $2 AND m.channel IN ('email', 'sms') AND k.at IS NOT NULL
  UNION ALL
  SELECT p.created_at, 1, 'ev_' || substr(p.id, 5),
    CASE p.result WHEN 'SUCCESS' THEN 'customer.publication.succeeded' ELSE 'customer.publication.failed' END,
    p.id, p.campaign_id, '{}', NULL, NULL
  FROM latest JOIN publications p ON p.project_id = $1 AND p.id = latest.id
  UNION ALL
  SELECT t.created_at, 2, 'ev_' || substr(t.id, 5),
    CASE t.type WHEN 'CREDITS_ADDITION' THEN 'customer.voucher.gift.balance_added'
      ELSE 'customer.voucher.loyalty_card.points_added' END,
    t.id, t.campaign_id, jsonb_build_object('voucher', jsonb_build_object('id', v.id, 'code', v.code), 'amount', t.amount,
      'total', t.total, 'balance', t.balance), NULL, NULL
  FROM vouchers v CROSS JOIN LATERAL (
    SELECT * FROM voucher_transactions t
    WHERE t.project_id = $1 AND t.voucher_id = v.id AND t.type IN ('CREDITS_ADDITION', 'POINTS_ADDITION') OFFSET 0) t
  WHERE v.project_id = $1 AND v.holder_id = $2 AND v.type <> 'DISCOUNT_VOUCHER'
  UNION ALL
  SELECT e.created_at, 3, e.id, 'customer.voucher.deleted', e.entity_id, e.data -> 'voucher' ->> 'campaign_id', e.data,
    e.request_id, e.actor
  FROM events e
  WHERE e.project_id = $1 AND e.type = 'voucher.deleted' AND e.entity_id = ANY (ARRAY(
    SELECT l.voucher_id FROM publication_vouchers l WHERE l.project_id = $1 AND l.customer_id = $2))
)
SELECT f.id, f.type, f.created_at, f.subject, f.data, f.request_id, f.actor, f.campaign_id, c.name AS campaign_name,
  c.campaign_type
FROM feed f LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = f.campaign_id
WHERE f.type = ANY ($3::text[])
  AND ($4::timestamptz IS NULL OR f.created_at >= $4) AND ($5::timestamptz IS NULL OR f.created_at <= $5)
  AND ($6::text IS NULL OR f.campaign_id = $6) AND ($7::text IS NULL OR c.campaign_type = $7)
  AND ($8::text IS NULL OR (f.created_at, f.rank, f.id) {beyond} (SELECT created_at, rank, id FROM mark))
ORDER BY f.created_at {way}, f.rank {way}, f.id {way}
LIMIT $9
