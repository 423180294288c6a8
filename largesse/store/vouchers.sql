-- insert_vouchers --
-- New vouchers of one template: $2 ids, $3 codes, $4 code keys, $5 pick keys. Codes that exist are left out; the
-- count of the others comes back. Two batches that may have codes in common must be sorted by code: they wait for each
-- other, code by code.
WITH made AS (
  INSERT INTO vouchers (
    project_id, id, code, code_key, pick_key, type, active, is_referral_code, redemption_quantity, amount, campaign_id,
    category_id, discount, gift_effect, start_date, expiration_date, validity_timeframe, validity_day_of_week,
    validity_hours, additional_info, metadata
  )
  SELECT $1, n.id, n.code, n.code_key, n.pick_key, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
    $20, $21
  FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS n (id, code, code_key, pick_key)
  ON CONFLICT (project_id, code_key) DO NOTHING
  RETURNING project_id
)
SELECT count(*) FROM made WHERE project_id = $1

-- free_codes --
-- The first $3 of the keys $2, in their order, that no voucher has: for a space of codes that is nearly full.
SELECT n.code_key FROM unnest($2::text[]) WITH ORDINALITY AS n (code_key, place)
WHERE (SELECT true FROM vouchers v WHERE v.project_id = $1 AND v.code_key = n.code_key LIMIT 1) IS NULL
ORDER BY n.place
LIMIT $3

-- count_codes_like --
-- How many codes of the project have the shape $2, a regular expression: what is taken of a small space.
SELECT count(*) FROM vouchers WHERE project_id = $1 AND code_key ~ $2

-- get_voucher --
-- By code ($2 as key; null: by id only) or id ($3); the bin and binned campaigns don't show. A code beats an id: it is
-- what the contract's paths name.
SELECT v.id, v.code, v.type, v.state, v.active, v.is_referral_code, v.publish_count, v.redeemed_quantity,
  v.redemption_quantity, v.amount, v.subtracted, v.expired, v.redeemed, v.pending, v.campaign_id,
  c.name AS campaign_name, v.category_id, k.name AS category_name, k.hierarchy AS category_hierarchy,
  k.created_at AS category_created_at, k.updated_at AS category_updated_at, v.holder_id, v.discount, v.gift_effect,
  v.start_date, v.expiration_date, v.validity_timeframe, v.validity_day_of_week, v.validity_hours, v.additional_info,
  v.metadata, v.created_at, v.updated_at
FROM vouchers v
LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = v.campaign_id
LEFT JOIN categories k ON k.project_id = $1 AND k.id = v.category_id
WHERE v.project_id = $1 AND (v.code_key = $2 OR v.id = $3) AND v.deleted_at IS NULL AND c.deleted_at IS NULL
ORDER BY (v.code_key = $2) DESC
LIMIT 1

-- lock_voucher --
-- The same voucher, held until the transaction ends. $4: the bin too.
SELECT v.id, v.campaign_id, v.state, v.active, v.deleted_at IS NOT NULL AS binned
FROM vouchers v
WHERE v.project_id = $1 AND (v.code_key = $2 OR v.id = $3) AND (v.deleted_at IS NULL OR $4)
ORDER BY (v.code_key = $2) DESC
LIMIT 1
FOR NO KEY UPDATE OF v

-- update_voucher --
-- Writes the whole of what may change, merged before by the caller, who holds the row's lock.
UPDATE vouchers SET
  active = $3, category_id = $4, discount = $5, start_date = $6, expiration_date = $7, validity_timeframe = $8,
  validity_day_of_week = $9, validity_hours = $10, additional_info = $11, metadata = $12, updated_at = now()
WHERE project_id = $1 AND id = $2

-- set_voucher_active --
-- The switch; no row when it stands there already.
UPDATE vouchers SET active = $3, updated_at = now()
WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL AND active <> $3
RETURNING state, campaign_id

-- bin_voucher --
-- Out of sight, but its code stays taken. It has no holder any more; publications keep who had it.
UPDATE vouchers SET state = 4, holder_id = NULL, held_by = NULL, deleted_at = now(), updated_at = now()
WHERE project_id = $1 AND id = $2

-- delete_voucher --
-- Gone for good: the code may be used again.
DELETE FROM vouchers WHERE project_id = $1 AND id = $2

-- voucher_entries --
-- The publications of a voucher, newest first, as the voucher's own answer shows them: at most ten.
SELECT p.customer_id, p.tracking_id, p.channel, p.created_at, p.metadata
FROM publication_vouchers l JOIN publications p ON p.project_id = $1 AND p.id = l.publication_id
WHERE l.project_id = $1 AND l.voucher_id = $2 AND p.result = 'SUCCESS'
ORDER BY p.created_at DESC, p.id DESC
LIMIT 10

-- page --
-- The ids of one page, by an index alone where there is one.
SELECT v.id FROM vouchers v WHERE v.project_id = $1 AND v.deleted_at IS NULL{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- page_by_code --
-- The same in the order of the codes, whose index has no ids: these are looked up for the page alone.
WITH page AS MATERIALIZED (
  SELECT v.code_key FROM vouchers v WHERE v.project_id = $1 AND v.deleted_at IS NULL{filters}
  ORDER BY v.code_key {way} LIMIT {limit} OFFSET {offset}
)
SELECT v.id FROM page JOIN vouchers v ON v.project_id = $1 AND v.code_key = page.code_key

-- page_nulls_last --
-- The same in the order of a column with unset values, which its index has at the wrong end or leaves out: those with a
-- value first, then, when these end within the page or before it, the others. Only then are the first ones counted.
WITH valued AS MATERIALIZED (
  SELECT v.id, {column} AS value FROM vouchers v
  WHERE v.project_id = $1 AND v.deleted_at IS NULL{filters} AND {column} IS NOT NULL
  ORDER BY {column} {way}, v.id {way} LIMIT {limit} OFFSET {offset}
), unset AS (
  SELECT v.id FROM vouchers v
  WHERE v.project_id = $1 AND v.deleted_at IS NULL{filters} AND {column} IS NULL
  ORDER BY v.id {way} LIMIT {limit} - (SELECT count(*) FROM valued)
  OFFSET CASE WHEN EXISTS (SELECT FROM valued) THEN 0 ELSE greatest(0, {offset} - (
    SELECT count(*) FROM vouchers v WHERE v.project_id = $1 AND v.deleted_at IS NULL{filters} AND {column} IS NOT NULL)) END
)
SELECT page.id FROM (SELECT id, value FROM valued UNION ALL SELECT id, NULL FROM unset) page
ORDER BY page.value {way} NULLS LAST, page.id {way} LIMIT {limit}

-- gathered_page --
-- Of what matches here and there: all of it, found as a count finds it, and then put in order. How far it would have to
-- walk an order until it met them the planner can't know. Nothing is read but what the order needs: often an index has it.
WITH found AS MATERIALIZED (
  SELECT v.id, {column} AS value FROM vouchers v WHERE v.project_id = $1 AND v.deleted_at IS NULL{filters}
)
SELECT found.id FROM found ORDER BY found.value {way} NULLS LAST, found.id {way} LIMIT {limit} OFFSET {offset}

-- list_vouchers --
-- Late look-up: the ids of a page, then the rows.
WITH page AS ({page})
SELECT v.id, v.code, v.type, v.state, v.active, v.is_referral_code, v.publish_count, v.redeemed_quantity,
  v.redemption_quantity, v.amount, v.subtracted, v.expired, v.redeemed, v.pending, v.campaign_id,
  c.name AS campaign_name, v.category_id, k.name AS category_name, k.hierarchy AS category_hierarchy,
  k.created_at AS category_created_at, k.updated_at AS category_updated_at, v.holder_id, v.discount, v.gift_effect,
  v.start_date, v.expiration_date, v.validity_timeframe, v.validity_day_of_week, v.validity_hours, v.additional_info,
  v.metadata, v.created_at, v.updated_at
FROM page JOIN vouchers v ON v.project_id = $1 AND v.id = page.id
LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = v.campaign_id
LEFT JOIN categories k ON k.project_id = $1 AND k.id = v.category_id
ORDER BY {order}

-- count_vouchers --
-- Every match, whatever the page.
SELECT count(*) FROM vouchers v WHERE v.project_id = $1 AND v.deleted_at IS NULL{filters}

-- count_by_counters --
-- The same, where nothing but campaigns is asked for: by the counters, without visiting a voucher.
SELECT coalesce(sum(v.vouchers), 0)::bigint FROM (
  SELECT nullif(k.campaign_id, '') AS campaign_id, k.vouchers FROM {counters} k
) v WHERE true{filters}

-- update_campaign_vouchers --
-- One chunk of a campaign's change: up to $5 vouchers after ($3, $4) in order of making, of which the ones neither
-- published nor redeemed get the fields named in $6. Says where the chunk ended and how many it changed.
WITH chunk AS (
  SELECT v.id, v.created_at FROM vouchers v
  WHERE v.project_id = $1 AND v.campaign_id = $2 AND v.deleted_at IS NULL AND (v.created_at, v.id) > ($3, $4)
  ORDER BY v.created_at, v.id
  LIMIT $5
  FOR NO KEY UPDATE OF v
), changed AS (
  UPDATE vouchers v SET
    discount = CASE WHEN 'discount' = ANY ($6::text[]) THEN $7::jsonb ELSE v.discount END,
    gift_effect = CASE WHEN 'gift' = ANY ($6) THEN $8::text ELSE v.gift_effect END,
    category_id = CASE WHEN 'category' = ANY ($6) THEN $9::text ELSE v.category_id END,
    start_date = CASE WHEN 'start_date' = ANY ($6) THEN $10::timestamptz ELSE v.start_date END,
    expiration_date = CASE WHEN 'expiration_date' = ANY ($6) THEN $11::timestamptz ELSE v.expiration_date END,
    validity_timeframe = CASE WHEN 'validity_timeframe' = ANY ($6) THEN $12::jsonb ELSE v.validity_timeframe END,
    validity_day_of_week = CASE WHEN 'validity_day_of_week' = ANY ($6) THEN $13::smallint[] ELSE v.validity_day_of_week END,
    validity_hours = CASE WHEN 'validity_hours' = ANY ($6) THEN $14::jsonb ELSE v.validity_hours END,
    metadata = CASE WHEN 'metadata' = ANY ($6) THEN $15::jsonb ELSE v.metadata END,
    updated_at = now()
  FROM chunk
  WHERE v.project_id = $1 AND v.id = chunk.id AND v.state IN (0, 1, 4) AND v.redeemed_quantity = 0
  RETURNING v.id
)
SELECT (SELECT count(*) FROM chunk) AS seen, (SELECT count(*) FROM changed) AS changed,
  last.created_at, last.id
FROM (SELECT created_at, id FROM chunk ORDER BY created_at DESC, id DESC LIMIT 1) AS last

-- bin_campaign_vouchers --
-- One chunk of a binned campaign, up to $3 vouchers. Says how many of each state it took.
WITH chunk AS (
  SELECT v.id, v.state, v.active FROM vouchers v
  WHERE v.project_id = $1 AND v.campaign_id = $2 AND v.deleted_at IS NULL
  ORDER BY v.created_at, v.id
  LIMIT $3
  FOR NO KEY UPDATE OF v
), binned AS (
  UPDATE vouchers v SET state = 4, holder_id = NULL, held_by = NULL, deleted_at = now(), updated_at = now()
  FROM chunk WHERE v.project_id = $1 AND v.id = chunk.id
  RETURNING v.id
)
SELECT chunk.state, chunk.active, count(*) AS vouchers
FROM chunk JOIN binned USING (id) GROUP BY chunk.state, chunk.active

-- delete_campaign_vouchers --
-- One chunk of a campaign that goes for good, up to $3 vouchers. Says how many of each state it took.
WITH chunk AS (
  SELECT v.id FROM vouchers v
  WHERE v.project_id = $1 AND v.campaign_id = $2 AND v.deleted_at IS NULL
  ORDER BY v.created_at, v.id
  LIMIT $3
  FOR UPDATE OF v
), deleted AS (
  DELETE FROM vouchers v USING chunk WHERE v.project_id = $1 AND v.id = chunk.id
  RETURNING v.state, v.active
)
SELECT state, active, count(*) AS vouchers FROM deleted GROUP BY state, active

-- purge_campaign_bin --
-- One chunk of the vouchers that were binned one by one before their campaign went for good: their codes are free again.
DELETE FROM vouchers
WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT v.id FROM vouchers v WHERE v.project_id = $1 AND v.campaign_id = $2 AND v.deleted_at IS NOT NULL LIMIT $3
))
RETURNING id

-- withdraw_expired --
-- Up to $2 free vouchers that have expired leave the pool, so that nobody's claim has to walk over them. Those that
-- somebody is working on are left for the next time.
WITH chunk AS (
  SELECT v.id FROM vouchers v
  WHERE v.project_id = $1 AND v.state = 0 AND v.expiration_date <= now()
  ORDER BY v.expiration_date
  LIMIT $2
  FOR NO KEY UPDATE OF v SKIP LOCKED
), moved AS (
  UPDATE vouchers v SET state = 4 FROM chunk
  WHERE v.project_id = $1 AND v.id = chunk.id AND v.state = 0
  RETURNING v.campaign_id, v.active
)
SELECT campaign_id, active, count(*) AS vouchers FROM moved GROUP BY campaign_id, active ORDER BY campaign_id, active

-- restore_voucher --
-- Back into the pool: it had expired, and its date was moved. Redeemed ones stay out.
UPDATE vouchers SET state = 0
WHERE project_id = $1 AND id = $2 AND state = 4 AND deleted_at IS NULL AND redeemed_quantity = 0
  AND (expiration_date IS NULL OR expiration_date > now())
RETURNING active

-- restore_campaign_vouchers --
-- The same for the vouchers of a campaign made after ($3, $4) up to ($5, $6): one chunk of the campaign's change.
WITH moved AS (
  UPDATE vouchers v SET state = 0
  WHERE v.project_id = $1 AND v.campaign_id = $2 AND v.deleted_at IS NULL AND v.state = 4 AND v.redeemed_quantity = 0
    AND (v.created_at, v.id) > ($3, $4) AND (v.created_at, v.id) <= ($5, $6)
    AND (v.expiration_date IS NULL OR v.expiration_date > now())
  RETURNING v.active
)
SELECT count(*) AS vouchers, count(*) FILTER (WHERE NOT active) AS disabled FROM moved

-- lock_vouchers --
-- Those with the codes $2, as keys, held until the transaction ends; in one order, so that two pieces of work meet in
-- it. The bin too: its codes are taken.
SELECT v.id, v.code_key, v.campaign_id, v.state, v.active, v.deleted_at IS NOT NULL OR c.deleted_at IS NOT NULL AS binned,
  v.metadata
FROM vouchers v LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = v.campaign_id
WHERE v.project_id = $1 AND v.code_key = ANY ($2::text[])
ORDER BY v.code_key
FOR NO KEY UPDATE OF v

-- taken_codes --
-- Of the codes $2, as keys, those that some voucher has which isn't a visible one of the campaign $3.
SELECT v.code_key FROM vouchers v
WHERE v.project_id = $1 AND v.code_key = ANY ($2::text[]) AND (v.campaign_id = $3 AND v.deleted_at IS NULL) IS NOT TRUE

-- get_vouchers --
-- Several by their ids, the whole of each.
SELECT v.id, v.code, v.type, v.state, v.active, v.is_referral_code, v.publish_count, v.redeemed_quantity,
  v.redemption_quantity, v.amount, v.subtracted, v.expired, v.redeemed, v.pending, v.campaign_id,
  c.name AS campaign_name, v.category_id, k.name AS category_name, k.hierarchy AS category_hierarchy,
  k.created_at AS category_created_at, k.updated_at AS category_updated_at, v.holder_id, v.discount, v.gift_effect,
  v.start_date, v.expiration_date, v.validity_timeframe, v.validity_day_of_week, v.validity_hours, v.additional_info,
  v.metadata, v.created_at, v.updated_at
FROM vouchers v
LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = v.campaign_id
LEFT JOIN categories k ON k.project_id = $1 AND k.id = v.category_id
WHERE v.project_id = $1 AND v.id = ANY ($2::text[])
ORDER BY v.id

-- import_vouchers --
-- New vouchers, each with columns of its own: $2 is an array of objects, sorted by code_key. Without `active` a voucher
-- is active unless it has expired, and $3 says no. Codes that exist are left out; the others come back.
INSERT INTO vouchers (
  project_id, id, code, code_key, pick_key, state, type, active, is_referral_code, redemption_quantity, redeemed_quantity,
  amount, redeemed, campaign_id, category_id, discount, gift_effect, start_date, expiration_date, validity_timeframe,
  validity_day_of_week, validity_hours, additional_info, metadata
)
SELECT $1, n.id, n.code, n.code_key, n.pick_key, n.state, n.type,
  coalesce(n.active, $3::boolean AND (n.expiration_date IS NULL OR n.expiration_date > clock.t)), n.is_referral_code,
  n.redemption_quantity, n.redeemed_quantity, n.amount, n.redeemed, n.campaign_id, n.category_id, n.discount,
  n.gift_effect, n.start_date, n.expiration_date, n.validity_timeframe, n.validity_day_of_week, n.validity_hours,
  n.additional_info, coalesce(n.metadata, '{}')
FROM jsonb_to_recordset($2::jsonb) AS n (
  id text, code text, code_key text, pick_key bigint, state smallint, type text, active boolean, is_referral_code boolean,
  redemption_quantity int, redeemed_quantity int, amount bigint, redeemed bigint, campaign_id text, category_id text,
  discount jsonb, gift_effect text, start_date timestamptz, expiration_date timestamptz, validity_timeframe jsonb,
  validity_day_of_week smallint[], validity_hours jsonb, additional_info text, metadata jsonb
), (SELECT now() AS t) AS clock
ORDER BY n.code_key
ON CONFLICT (project_id, code_key) DO NOTHING
RETURNING code_key, active

-- change_vouchers --
-- Several vouchers whose rows the caller has locked: $2 is an array of objects with an id; null: as it is.
UPDATE vouchers v SET
  active = coalesce(n.active, v.active),
  category_id = coalesce(n.category_id, v.category_id),
  start_date = coalesce(n.start_date, v.start_date),
  expiration_date = coalesce(n.expiration_date, v.expiration_date),
  additional_info = coalesce(n.additional_info, v.additional_info),
  metadata = coalesce(n.metadata, v.metadata),
  updated_at = now()
FROM jsonb_to_recordset($2::jsonb) AS n (
  id text, active boolean, category_id text, start_date timestamptz, expiration_date timestamptz, additional_info text,
  metadata jsonb
)
WHERE v.project_id = $1 AND v.id = n.id

-- restore_vouchers --
-- Of the vouchers $2, those that had expired and now have another date go back into the pool.
UPDATE vouchers SET state = 0
WHERE project_id = $1 AND id = ANY ($2::text[]) AND state = 4 AND deleted_at IS NULL AND redeemed_quantity = 0
  AND (expiration_date IS NULL OR expiration_date > now())
RETURNING campaign_id, active
