-- list_activity --
-- What happened to the customer $2, of the types $3, from $4 to $5, of the campaign $6 and campaigns of the type $7,
-- beyond the entry $8 (each null: any), at most $9. Every part begins at an index by the customer, so it costs what he
-- has done. `rank` puts what one transaction did in its order: somebody is made before he is given anything. OFFSET 0
-- keeps outer conditions out of the look-ups, where the planner might search a whole index for them.
WITH feed AS NOT MATERIALIZED (
  SELECT e.created_at, 0 AS rank, e.id, e.type, e.entity_id AS subject, NULL::text AS campaign_id, e.data,
    e.request_id, e.actor
  FROM events e
  WHERE e.project_id = $1 AND e.entity_id = $2 AND e.type IN ('customer.created', 'customer.updated', 'customer.deleted')
  UNION ALL
  SELECT e.created_at, 1, e.id, e.type, e.entity_id, NULL, e.data, e.request_id, e.actor
  FROM events e
  WHERE e.project_id = $1 AND e.entity_id = $2 AND e.type = 'customer.custom_event'
  UNION ALL
  SELECT p.created_at, 1, 'ev_' || substr(p.id, 5),
    CASE p.result WHEN 'SUCCESS' THEN 'customer.publication.succeeded' ELSE 'customer.publication.failed' END,
    p.id, p.campaign_id, '{}', NULL, NULL
  FROM publications p
  WHERE p.project_id = $1 AND p.customer_id = $2 AND p.result <> 'HELD'
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
  FROM publication_vouchers l CROSS JOIN LATERAL (
    SELECT * FROM events e WHERE e.project_id = $1 AND e.entity_id = l.voucher_id AND e.type = 'voucher.deleted' OFFSET 0) e
  WHERE l.project_id = $1 AND l.customer_id = $2
)
SELECT f.id, f.type, f.created_at, f.subject, f.data, f.request_id, f.actor, f.campaign_id, c.name AS campaign_name,
  c.campaign_type
FROM feed f LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = f.campaign_id
WHERE f.type = ANY ($3::text[])
  AND ($4::timestamptz IS NULL OR f.created_at >= $4) AND ($5::timestamptz IS NULL OR f.created_at <= $5)
  AND ($6::text IS NULL OR f.campaign_id = $6) AND ($7::text IS NULL OR c.campaign_type = $7)
  AND ($8::text IS NULL OR (f.created_at, f.rank, f.id) {beyond} (
    SELECT x.created_at, x.rank, x.id FROM (SELECT * FROM feed OFFSET 0) x WHERE x.id = $8))
ORDER BY f.created_at {way}, f.rank {way}, f.id {way}
LIMIT $9
