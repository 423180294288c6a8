-- list_redeemables --
-- What the customer $2 holds, oldest first, after the link $3 (null: from the start). Holds of a distribution under way
-- and vouchers in the bin don't show.
WITH page AS (
  SELECT l.id, l.created_at, l.customer_id, l.voucher_id
  FROM publication_vouchers l
  JOIN publications p ON p.project_id = $1 AND p.id = l.publication_id AND p.result = 'SUCCESS'
  JOIN vouchers v ON v.project_id = $1 AND v.id = l.voucher_id AND v.deleted_at IS NULL
  WHERE l.project_id = $1 AND l.customer_id = $2 AND ($3::text IS NULL OR l.id > $3)
  ORDER BY l.id
  LIMIT $4
)
SELECT page.id AS link_id, page.created_at AS linked_at, page.customer_id, c.campaign_type, now() AS seen_at,
  v.id, v.code, v.type, v.state, v.active, v.is_referral_code, v.publish_count, v.redeemed_quantity,
  v.redemption_quantity, v.amount, v.subtracted, v.expired, v.redeemed, v.pending, v.campaign_id,
  c.name AS campaign_name, v.category_id, k.name AS category_name, k.hierarchy AS category_hierarchy,
  k.created_at AS category_created_at, k.updated_at AS category_updated_at, v.holder_id, v.discount, v.gift_effect,
  v.start_date, v.expiration_date, v.validity_timeframe, v.validity_day_of_week, v.validity_hours, v.additional_info,
  v.metadata, v.created_at, v.updated_at
FROM page JOIN vouchers v ON v.project_id = $1 AND v.id = page.voucher_id
LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = v.campaign_id
LEFT JOIN categories k ON k.project_id = $1 AND k.id = v.category_id
ORDER BY page.id

-- list_redeemables_newest --
-- The same, newest first.
WITH page AS (
  SELECT l.id, l.created_at, l.customer_id, l.voucher_id
  FROM publication_vouchers l
  JOIN publications p ON p.project_id = $1 AND p.id = l.publication_id AND p.result = 'SUCCESS'
  JOIN vouchers v ON v.project_id = $1 AND v.id = l.voucher_id AND v.deleted_at IS NULL
  WHERE l.project_id = $1 AND l.customer_id = $2 AND ($3::text IS NULL OR l.id < $3)
  ORDER BY l.id DESC
  LIMIT $4
)
SELECT page.id AS link_id, page.created_at AS linked_at, page.customer_id, c.campaign_type, now() AS seen_at,
  v.id, v.code, v.type, v.state, v.active, v.is_referral_code, v.publish_count, v.redeemed_quantity,
  v.redemption_quantity, v.amount, v.subtracted, v.expired, v.redeemed, v.pending, v.campaign_id,
  c.name AS campaign_name, v.category_id, k.name AS category_name, k.hierarchy AS category_hierarchy,
  k.created_at AS category_created_at, k.updated_at AS category_updated_at, v.holder_id, v.discount, v.gift_effect,
  v.start_date, v.expiration_date, v.validity_timeframe, v.validity_day_of_week, v.validity_hours, v.additional_info,
  v.metadata, v.created_at, v.updated_at
FROM page JOIN vouchers v ON v.project_id = $1 AND v.id = page.voucher_id
LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = v.campaign_id
LEFT JOIN categories k ON k.project_id = $1 AND k.id = v.category_id
ORDER BY page.id DESC
