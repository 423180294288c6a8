-- Where a voucher comes from, and who did what to it: from the event log.

-- list_provenance --
-- The newest $4 facts about the voucher $2 of the campaign $3: its own events, its publications with whoever made them, and
-- who made its campaign. A publication finds its event by the transaction that wrote both: the log has no index by
-- publications, which each of them would have to pay for. The row shows the lower half of the transaction's id; the event
-- stands there, or a little behind it if others were at work (0013_log_order), and its entity tells it from the others.
WITH facts AS (
  SELECT e.type, e.created_at, e.id, e.actor, e.request_id, NULL::text AS channel, NULL::text AS customer_id,
    NULL::jsonb AS metadata
  FROM events e
  WHERE e.project_id = $1 AND e.entity_id = $2
    AND e.type IN ('voucher.created', 'voucher.updated', 'voucher.enabled', 'voucher.disabled')
  UNION ALL
  SELECT e.type, e.created_at, e.id, e.actor, e.request_id, NULL::text, NULL::text, NULL::jsonb
  FROM events e WHERE e.project_id = $1 AND e.entity_id = $3 AND e.type = 'campaign.created'
  UNION ALL
  SELECT 'publication', p.created_at, p.id, e.actor, e.request_id, p.channel, p.customer_id, p.metadata
  FROM publication_vouchers l
  JOIN publications p ON p.project_id = $1 AND p.id = l.publication_id AND p.result = 'SUCCESS'
  CROSS JOIN (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next) clock
  LEFT JOIN LATERAL (
    SELECT near.actor, near.request_id FROM (
      SELECT e.actor, e.request_id, e.entity_id FROM events e
      WHERE e.project_id = $1 AND e.xid >= (
        (clock.next >> 32 << 32) + p.xmin::text::bigint
        - CASE WHEN (clock.next >> 32 << 32) + p.xmin::text::bigint > clock.next THEN 4294967296 ELSE 0 END)::text::xid8
      ORDER BY e.xid, e.seq LIMIT 2000) near
    WHERE near.entity_id = p.id LIMIT 1) e ON true
  WHERE l.project_id = $1 AND l.voucher_id = $2
)
SELECT type, created_at, actor, request_id, channel, customer_id, metadata FROM facts
ORDER BY created_at DESC, id DESC LIMIT $4

-- name_actors --
-- How people know those who did something: users by their address, keys by their name. $2 are ids of users and app ids.
SELECT u.id, u.email AS name FROM users u WHERE u.id = ANY ($2::text[])
UNION ALL
SELECT k.app_id, CASE WHEN k.name = '' THEN k.kind || ' key' ELSE k.kind || ' key ' || k.name END
FROM api_keys k WHERE k.app_id = ANY ($2::text[]) AND (k.project_id = $1 OR k.project_id IS NULL)
