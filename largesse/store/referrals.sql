-- add_referees --
-- The customers $3 get the referral code $2, with the holder ids $4. Who has it already doesn't come back:
-- the primary key decides.
INSERT INTO referral_holders (project_id, voucher_id, customer_id, id, metadata)
SELECT $1, $2, n.customer_id, n.id, $5::jsonb FROM unnest($3::text[], $4::text[]) AS n (customer_id, id)
ORDER BY n.customer_id
ON CONFLICT (project_id, voucher_id, customer_id) DO NOTHING
RETURNING id, customer_id, created_at

-- remove_referee --
-- No row when the voucher $2 has no such referee, or somebody else took it away.
DELETE FROM referral_holders WHERE project_id = $1 AND voucher_id = $2 AND id = $3
RETURNING id, customer_id, created_at

-- is_referrer --
-- Whether the holder record $3 is that of the voucher's publication.
SELECT EXISTS (SELECT FROM publication_vouchers l
  WHERE l.project_id = $1 AND l.voucher_id = $2 AND l.to_customer AND l.id = $3)

-- leave_codes --
-- Of a customer who goes.
DELETE FROM referral_holders WHERE project_id = $1 AND customer_id = $2

-- add_referral --
-- The fact; no row when the customer was referred by this campaign before.
INSERT INTO referrals (project_id, campaign_id, customer_id, referrer_id, voucher_id, related_object_id, related_object_type)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (project_id, campaign_id, customer_id) DO NOTHING
RETURNING campaign_id, referrer_id, related_object_id, related_object_type, created_at

-- referrals_of --
-- The part of the customers $2 in referral programmes: as referees the latest $3 and how many, as referrers how many
-- they brought, also by the name of the campaign.
SELECT n.id AS customer_id, was.total, was.latest, brought.referred, brought.referred_by
FROM unnest($2::text[]) AS n (id)
CROSS JOIN LATERAL (
  SELECT (SELECT count(*) FROM referrals r WHERE r.project_id = $1 AND r.customer_id = n.id) AS total,
    coalesce(jsonb_agg(to_jsonb(late) ORDER BY late.created_at DESC, late.campaign_id), '[]') AS latest
  FROM (
    SELECT r.campaign_id, r.referrer_id, r.related_object_id, r.related_object_type, r.created_at FROM referrals r
    WHERE r.project_id = $1 AND r.customer_id = n.id ORDER BY r.created_at DESC, r.campaign_id DESC LIMIT $3) late) was
CROSS JOIN LATERAL (
  SELECT coalesce(sum(each.referred), 0)::bigint AS referred,
    coalesce(jsonb_object_agg(c.name, each.referred) FILTER (WHERE c.name IS NOT NULL), '{}') AS referred_by
  FROM (
    SELECT r.campaign_id, count(*) AS referred FROM referrals r
    WHERE r.project_id = $1 AND r.referrer_id = n.id GROUP BY r.campaign_id) each
  LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = each.campaign_id AND c.deleted_at IS NULL) brought
WHERE was.total > 0 OR brought.referred > 0
