-- list_redeemables --
-- What a customer holds, or who holds a voucher: the links of publications, and referees. Holds of a distribution under way
-- and vouchers in the bin don't show. The bin is asked for by an expression: as a plain condition it would, without
-- statistics, lead to an index of all vouchers.
WITH page AS (
  SELECT l.id, l.created_at, l.customer_id, l.voucher_id, l.is_referee, l.publication_id, l.metadata
  FROM (
    SELECT k.id, k.created_at, k.customer_id, k.voucher_id, false AS is_referee, k.publication_id, NULL::jsonb AS metadata
    FROM publication_vouchers k WHERE k.project_id = $1
    UNION ALL
    SELECT r.id, r.created_at, r.customer_id, r.voucher_id, true, NULL, r.metadata
    FROM referral_holders r WHERE r.project_id = $1
  ) l
  LEFT JOIN publications p ON p.project_id = $1 AND p.id = l.publication_id
  JOIN vouchers v ON v.project_id = $1 AND v.id = l.voucher_id AND coalesce(v.deleted_at, 'infinity') = 'infinity'
  LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = v.campaign_id
  WHERE (l.is_referee OR p.result = 'SUCCESS'){filters}
  ORDER BY {order} LIMIT {limit} OFFSET {offset}
)
SELECT l.id AS link_id, l.created_at AS linked_at, l.customer_id, c.campaign_type, now() AS seen_at, l.is_referee,
  coalesce(l.metadata, p.metadata, '{}') AS holder_metadata,
  v.id, v.code, v.type, v.state, v.active, v.is_referral_code, v.publish_count, v.redeemed_quantity,
  v.redemption_quantity, v.amount, v.subtracted, v.expired, v.redeemed, v.pending, v.campaign_id,
  c.name AS campaign_name, v.category_id, k.name AS category_name, k.hierarchy AS category_hierarchy,
  k.created_at AS category_created_at, k.updated_at AS category_updated_at, v.holder_id, v.discount, v.gift_effect,
  v.start_date, v.expiration_date, v.validity_timeframe, v.validity_day_of_week, v.validity_hours, v.additional_info,
  v.metadata, v.created_at, v.updated_at
FROM page l LEFT JOIN publications p ON p.project_id = $1 AND p.id = l.publication_id
JOIN vouchers v ON v.project_id = $1 AND v.id = l.voucher_id
LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = v.campaign_id
LEFT JOIN categories k ON k.project_id = $1 AND k.id = v.category_id
ORDER BY {order}

-- count_holders --
-- Who holds a voucher, whatever the page.
SELECT count(*) FROM (
  SELECT k.id, k.created_at, k.customer_id, k.voucher_id, false AS is_referee, k.publication_id
  FROM publication_vouchers k WHERE k.project_id = $1
  UNION ALL
  SELECT r.id, r.created_at, r.customer_id, r.voucher_id, true, NULL FROM referral_holders r WHERE r.project_id = $1
) l
LEFT JOIN publications p ON p.project_id = $1 AND p.id = l.publication_id
JOIN vouchers v ON v.project_id = $1 AND v.id = l.voucher_id AND coalesce(v.deleted_at, 'infinity') = 'infinity'
WHERE (l.is_referee OR p.result = 'SUCCESS'){filters}
