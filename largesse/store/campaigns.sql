-- create_campaign --
-- campaigns_name decides who was first, the bin included.
INSERT INTO campaigns (
  project_id, id, name, description, campaign_type, type, voucher, referral_program, join_once, auto_join,
  use_voucher_metadata_schema, active, category_id, start_date, expiration_date, validity_timeframe,
  validity_day_of_week, validity_hours, activity_duration_after_publishing, valid_for, metadata, generation_status
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, ($19::text)::interval, $20, $21)

-- get_campaign --
-- By id or name; an id wins over a name that looks the same. The bin doesn't show.
SELECT c.id, c.name, c.description, c.campaign_type, c.type, c.voucher, c.referral_program, c.join_once, c.auto_join,
  c.use_voucher_metadata_schema, c.active, c.category_id, k.name AS category_name, k.hierarchy AS category_hierarchy,
  k.created_at AS category_created_at, k.updated_at AS category_updated_at, c.start_date, c.expiration_date,
  c.validity_timeframe, c.validity_day_of_week, c.validity_hours, c.activity_duration_after_publishing, c.metadata,
  c.generation_status, n.vouchers AS vouchers_count, c.created_at, c.updated_at
FROM campaigns c
LEFT JOIN categories k ON k.project_id = $1 AND k.id = c.category_id
CROSS JOIN LATERAL (
  SELECT coalesce(sum(k.vouchers), 0)::bigint AS vouchers FROM {counters} k WHERE k.campaign_id = c.id) n
WHERE c.project_id = $1 AND (c.id = $2 OR c.name = $2) AND c.deleted_at IS NULL
ORDER BY (c.id = $2) DESC
LIMIT 1

-- lock_campaign --
-- Holds the row until the transaction ends: changes of one campaign, and the ceiling of its codes, are decided one
-- after the other. Publishing doesn't wait for it.
SELECT c.id FROM campaigns c
WHERE c.project_id = $1 AND (c.id = $2 OR c.name = $2) AND c.deleted_at IS NULL
ORDER BY (c.id = $2) DESC
LIMIT 1
FOR NO KEY UPDATE OF c

-- update_campaign --
-- Writes the whole of what may change, merged before by the caller, who holds the row's lock.
UPDATE campaigns SET
  description = $3, type = $4, voucher = $5, referral_program = $6, join_once = $7, auto_join = $8, category_id = $9,
  start_date = $10, expiration_date = $11, validity_timeframe = $12, validity_day_of_week = $13, validity_hours = $14,
  activity_duration_after_publishing = $15, valid_for = ($15::text)::interval, metadata = $16, updated_at = now()
WHERE project_id = $1 AND id = $2

-- set_campaign_active --
-- The switch; no row when it stands there already. Codes already issued are left alone.
UPDATE campaigns SET active = $3, updated_at = now()
WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL AND active <> $3
RETURNING id

-- set_generation_status --
-- IN_PROGRESS, DONE or FAILED: what the codes of the campaign wait for.
UPDATE campaigns SET generation_status = $3 WHERE project_id = $1 AND id = $2 AND generation_status <> $3

-- bin_campaign --
-- Out of sight at once, its vouchers follow. $3 is its new name: the old one, which stays taken, or with force its own
-- id, so that the old one is free.
UPDATE campaigns SET deleted_at = now(), name = $3, updated_at = now() WHERE project_id = $1 AND id = $2

-- delete_campaign --
-- Gone for good, after its vouchers.
DELETE FROM campaigns WHERE project_id = $1 AND id = $2 AND deleted_at IS NOT NULL

-- page --
-- The ids of one page, by an index alone where there is one.
SELECT c.id FROM campaigns c WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- page_nulls_last --
-- The same in the order of a column with unset values, which its index has at the wrong end or leaves out: those with a
-- value first, then, when these end within the page or before it, the others. Only then are the first ones counted.
WITH valued AS MATERIALIZED (
  SELECT c.id, {column} AS value FROM campaigns c
  WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters} AND {column} IS NOT NULL
  ORDER BY {column} {way}, c.id {way} LIMIT {limit} OFFSET {offset}
), unset AS (
  SELECT c.id FROM campaigns c
  WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters} AND {column} IS NULL
  ORDER BY c.id {way} LIMIT {limit} - (SELECT count(*) FROM valued)
  OFFSET CASE WHEN EXISTS (SELECT FROM valued) THEN 0 ELSE greatest(0, {offset} - (
    SELECT count(*) FROM campaigns c WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters} AND {column} IS NOT NULL)) END
)
SELECT page.id FROM (SELECT id, value FROM valued UNION ALL SELECT id, NULL FROM unset) page
ORDER BY page.value {way} NULLS LAST, page.id {way} LIMIT {limit}

-- gathered_page --
-- Of what matches here and there: all of it, found as a count finds it, and then put in order. How far it would have to
-- walk an order until it met them the planner can't know. Nothing is read but what the order needs: often an index has it.
WITH found AS MATERIALIZED (
  SELECT c.id, {column} AS value FROM campaigns c WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters}
)
SELECT found.id FROM found ORDER BY found.value {way} NULLS LAST, found.id {way} LIMIT {limit} OFFSET {offset}

-- list_campaigns --
-- Late look-up: the ids of a page, then the rows.
WITH page AS ({page})
SELECT c.id, c.name, c.description, c.campaign_type, c.type, c.voucher, c.referral_program, c.join_once, c.auto_join,
  c.use_voucher_metadata_schema, c.active, c.category_id, k.name AS category_name, k.hierarchy AS category_hierarchy,
  k.created_at AS category_created_at, k.updated_at AS category_updated_at, c.start_date, c.expiration_date,
  c.validity_timeframe, c.validity_day_of_week, c.validity_hours, c.activity_duration_after_publishing, c.metadata,
  c.generation_status, n.vouchers AS vouchers_count, c.created_at, c.updated_at
FROM page JOIN campaigns c ON c.project_id = $1 AND c.id = page.id
LEFT JOIN categories k ON k.project_id = $1 AND k.id = c.category_id
CROSS JOIN LATERAL (
  SELECT coalesce(sum(k.vouchers), 0)::bigint AS vouchers FROM {counters} k WHERE k.campaign_id = c.id) n
ORDER BY {order}

-- count_campaigns --
-- Every match, whatever the page.
SELECT count(*) FROM campaigns c WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters}
