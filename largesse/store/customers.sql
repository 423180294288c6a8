-- upsert_customer --
-- Creates by source_id, or writes what was sent onto the customer that has it. Two at once with one source_id make
-- one customer: customers_source_id decides. No row comes back when nothing would change.
-- $4 name, $5 description, $6 email, $7 phone, $8 birthday, $9 birthdate, $10 address, $11 metadata; null: not sent.
INSERT INTO customers AS c (project_id, id, source_id, name, description, email, phone, birthday, birthdate, address, metadata)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, coalesce($11::jsonb, '{}'))
ON CONFLICT (project_id, source_id) WHERE deleted_at IS NULL AND source_id IS NOT NULL DO UPDATE SET
  name = coalesce(excluded.name, c.name),
  description = coalesce(excluded.description, c.description),
  email = coalesce(excluded.email, c.email),
  phone = coalesce(excluded.phone, c.phone),
  birthday = coalesce(excluded.birthday, c.birthday),
  birthdate = coalesce(excluded.birthdate, c.birthdate),
  address = coalesce(c.address || excluded.address, excluded.address, c.address),
  metadata = c.metadata || excluded.metadata,
  updated_at = excluded.created_at
WHERE (coalesce(excluded.name, c.name), coalesce(excluded.description, c.description),
       coalesce(excluded.email, c.email), coalesce(excluded.phone, c.phone),
       coalesce(excluded.birthday, c.birthday), coalesce(excluded.birthdate, c.birthdate),
       coalesce(c.address || excluded.address, excluded.address, c.address), c.metadata || excluded.metadata)
  IS DISTINCT FROM
      (c.name, c.description, c.email, c.phone, c.birthday, c.birthdate, c.address, c.metadata)
RETURNING id, source_id, name, description, email, phone, birthday, birthdate, address, metadata, created_at, updated_at

-- update_customer --
-- Writes what was sent onto an existing customer, named by id: $3 to $10 as above, null: not sent; the fields named in
-- $11 become null. No row comes back when nothing would change.
UPDATE customers c SET
  name = n.name, description = n.description, email = n.email, phone = n.phone, birthday = n.birthday,
  birthdate = n.birthdate, address = n.address, metadata = n.metadata, updated_at = now()
FROM (
  SELECT id,
    CASE WHEN 'name' = ANY ($11::text[]) THEN NULL ELSE coalesce($3::text, name) END AS name,
    CASE WHEN 'description' = ANY ($11) THEN NULL ELSE coalesce($4::text, description) END AS description,
    CASE WHEN 'email' = ANY ($11) THEN NULL ELSE coalesce($5::text, email) END AS email,
    CASE WHEN 'phone' = ANY ($11) THEN NULL ELSE coalesce($6::text, phone) END AS phone,
    CASE WHEN 'birthday' = ANY ($11) THEN NULL ELSE coalesce($7::date, birthday) END AS birthday,
    CASE WHEN 'birthdate' = ANY ($11) THEN NULL ELSE coalesce($8::date, birthdate) END AS birthdate,
    CASE WHEN 'address' = ANY ($11) THEN NULL ELSE coalesce(address || $9::jsonb, $9::jsonb, address) END AS address,
    CASE WHEN 'metadata' = ANY ($11) THEN '{}' ELSE metadata || coalesce($10::jsonb, '{}') END AS metadata
  FROM customers WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL
  FOR NO KEY UPDATE
) n
WHERE c.project_id = $1 AND c.id = n.id
  AND (n.name, n.description, n.email, n.phone, n.birthday, n.birthdate, n.address, n.metadata)
      IS DISTINCT FROM (c.name, c.description, c.email, c.phone, c.birthday, c.birthdate, c.address, c.metadata)
RETURNING c.id, c.source_id, c.name, c.description, c.email, c.phone, c.birthday, c.birthdate, c.address, c.metadata,
  c.created_at, c.updated_at

-- find_customer --
-- By id or source_id; an id wins over a source_id that looks the same.
SELECT id, source_id, name, description, email, phone, birthday, birthdate, address, metadata, created_at, updated_at
FROM customers
WHERE project_id = $1 AND (id = $2 OR source_id = $2) AND deleted_at IS NULL
ORDER BY (id = $2) DESC
LIMIT 1

-- find_customers --
-- Those with the ids $2, the deleted ones too.
SELECT id, source_id, name, description, email, phone, birthday, birthdate, address, metadata, created_at, updated_at
FROM customers WHERE project_id = $1 AND id = ANY ($2::text[])

-- delete_customer --
-- Publications keep showing its last short form, so the row stays; its source_id is free again.
UPDATE customers SET deleted_at = now(), updated_at = now()
WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL
RETURNING id

-- erase_customer --
-- Empties the row of everything personal, for a deleted one too. The id stays: facts point at it.
UPDATE customers SET
  source_id = NULL, name = NULL, description = NULL, email = NULL, phone = NULL, birthday = NULL, birthdate = NULL,
  address = NULL, metadata = '{}', deleted_at = now(), updated_at = now()
WHERE project_id = $1 AND id = (
  SELECT id FROM customers WHERE project_id = $1 AND (id = $2 OR source_id = $2 AND deleted_at IS NULL)
  ORDER BY (id = $2) DESC LIMIT 1
)
RETURNING id, created_at, updated_at

-- forget_tracking_ids --
-- A publication's tracking_id is the customer's source_id: personal as well.
UPDATE publications SET tracking_id = NULL WHERE project_id = $1 AND customer_id = $2 AND tracking_id IS NOT NULL

-- forget_receipts --
-- What a mail server said about a message may repeat the address.
UPDATE distribution_messages SET receipt = NULL WHERE project_id = $1 AND customer_id = $2 AND receipt IS NOT NULL

-- page --
-- The ids of one page, by an index alone where there is one.
SELECT c.id FROM customers c WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- page_nulls_last --
-- The same in the order of a column with unset values, which its index has at the wrong end or leaves out: those with a
-- value first, then, when these end within the page or before it, the others. Only then are the first ones counted.
WITH valued AS MATERIALIZED (
  SELECT c.id, {column} AS value FROM customers c
  WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters} AND {column} IS NOT NULL
  ORDER BY {column} {way}, c.id {way} LIMIT {limit} OFFSET {offset}
), unset AS (
  SELECT c.id FROM customers c
  WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters} AND {column} IS NULL
  ORDER BY c.id {way} LIMIT {limit} - (SELECT count(*) FROM valued)
  OFFSET CASE WHEN EXISTS (SELECT FROM valued) THEN 0 ELSE greatest(0, {offset} - (
    SELECT count(*) FROM customers c WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters} AND {column} IS NOT NULL)) END
)
SELECT page.id FROM (SELECT id, value FROM valued UNION ALL SELECT id, NULL FROM unset) page
ORDER BY page.value {way} NULLS LAST, page.id {way} LIMIT {limit}

-- gathered_page --
-- Of what matches here and there: all of it, found as a count finds it, and then put in order. How far it would have to
-- walk an order until it met them the planner can't know. Nothing is read but what the order needs: often an index has it.
WITH found AS MATERIALIZED (
  SELECT c.id, {column} AS value FROM customers c WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters}
)
SELECT found.id FROM found ORDER BY found.value {way} NULLS LAST, found.id {way} LIMIT {limit} OFFSET {offset}

-- list_customers --
-- Late look-up: the ids of a page, then the rows.
WITH page AS ({page})
SELECT c.id, c.source_id, c.name, c.description, c.email, c.phone, c.birthday, c.birthdate, c.address, c.metadata,
  c.created_at, c.updated_at
FROM page JOIN customers c ON c.project_id = $1 AND c.id = page.id
ORDER BY {order}

-- count_customers --
-- Every match, whatever the page.
SELECT count(*) FROM customers c WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters}

-- cards_of_customers --
-- The gift and loyalty cards of the customers $2, added up, the points also by the name of their campaign. The bin
-- holds nothing for anybody.
WITH held AS (
  SELECT v.holder_id, v.type, v.campaign_id, sum(v.redeemed) AS redeemed, sum(v.amount - v.expired) AS points,
    sum(v.amount - v.subtracted - v.expired - v.redeemed) AS to_go
  FROM vouchers v
  WHERE v.project_id = $1 AND v.holder_id = ANY ($2::text[]) AND v.type <> 'DISCOUNT_VOUCHER'
  GROUP BY v.holder_id, v.type, v.campaign_id
)
SELECT h.holder_id,
  coalesce(sum(h.redeemed) FILTER (WHERE h.type = 'GIFT_VOUCHER'), 0)::bigint AS credits_redeemed,
  coalesce(sum(h.to_go) FILTER (WHERE h.type = 'GIFT_VOUCHER'), 0)::bigint AS credits_to_go,
  coalesce(sum(h.redeemed) FILTER (WHERE h.type = 'LOYALTY_CARD'), 0)::bigint AS points_redeemed,
  coalesce(sum(h.to_go) FILTER (WHERE h.type = 'LOYALTY_CARD'), 0)::bigint AS points_to_go,
  coalesce(sum(h.points) FILTER (WHERE h.type = 'LOYALTY_CARD'), 0)::bigint AS points,
  coalesce(jsonb_object_agg(c.name, h.to_go) FILTER (WHERE h.type = 'LOYALTY_CARD' AND c.name IS NOT NULL), '{}') AS campaigns
FROM held h LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = h.campaign_id AND c.deleted_at IS NULL
GROUP BY h.holder_id

-- find_ids --
-- What the names $2 mean, by id or source_id, an id first: the place of each name and the customer's id, if there is one.
SELECT n.name, found.id FROM unnest($2::text[]) AS n (name) LEFT JOIN LATERAL (
  (SELECT c.id FROM customers c WHERE c.project_id = $1 AND c.id = n.name AND c.deleted_at IS NULL LIMIT 1)
  UNION ALL
  (SELECT c.id FROM customers c WHERE c.project_id = $1 AND c.source_id = n.name AND c.deleted_at IS NULL LIMIT 1)
  LIMIT 1
) AS found ON true

-- lock_customers --
-- Those that the names $2 mean, by id or source_id, held until the transaction ends; in one order, so that two pieces
-- of work meet in it. Look-ups one by one: for a thousand names the planner would read the whole table.
WITH named AS MATERIALIZED (
  SELECT found.id FROM unnest($2::text[]) AS n (name) CROSS JOIN LATERAL (
    SELECT c.id FROM customers c WHERE c.project_id = $1 AND c.source_id = n.name AND c.deleted_at IS NULL LIMIT 1
  ) AS found
  UNION
  SELECT found.id FROM unnest($2::text[]) AS n (name) CROSS JOIN LATERAL (
    SELECT c.id FROM customers c WHERE c.project_id = $1 AND c.id = n.name LIMIT 1
  ) AS found
  ORDER BY id
)
SELECT held.id, held.source_id, held.metadata FROM named CROSS JOIN LATERAL (
  SELECT c.id, c.source_id, c.metadata FROM customers c
  WHERE c.project_id = $1 AND c.id = named.id AND c.deleted_at IS NULL
  LIMIT 1
  FOR NO KEY UPDATE
) AS held

-- upsert_customers --
-- The same as upsert_customer for many at once, $2: an array of objects with an id for a new customer. No source_id
-- may stand there twice. Those that have it all already don't come back. A new one was made `ago` milliseconds ago: each
-- has a moment of its own, because a list goes on behind the moment that it has come to.
WITH sent AS (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS n (
    id text, source_id text, name text, description text, email text, phone text, birthday date, birthdate date,
    address jsonb, metadata jsonb, ago int
  )
)
INSERT INTO customers AS c
  (project_id, id, source_id, name, description, email, phone, birthday, birthdate, address, metadata, created_at)
SELECT $1, n.id, n.source_id, n.name, n.description, n.email, n.phone, n.birthday, n.birthdate, n.address,
  coalesce(n.metadata, '{}'), now() - n.ago * interval '1 millisecond'
FROM sent n
ORDER BY n.source_id, n.id
ON CONFLICT (project_id, source_id) WHERE deleted_at IS NULL AND source_id IS NOT NULL DO UPDATE SET
  name = coalesce(excluded.name, c.name),
  description = coalesce(excluded.description, c.description),
  email = coalesce(excluded.email, c.email),
  phone = coalesce(excluded.phone, c.phone),
  birthday = coalesce(excluded.birthday, c.birthday),
  birthdate = coalesce(excluded.birthdate, c.birthdate),
  address = coalesce(c.address || excluded.address, excluded.address, c.address),
  metadata = c.metadata || excluded.metadata,
  updated_at = greatest(excluded.created_at, c.created_at)
WHERE (coalesce(excluded.name, c.name), coalesce(excluded.description, c.description),
       coalesce(excluded.email, c.email), coalesce(excluded.phone, c.phone),
       coalesce(excluded.birthday, c.birthday), coalesce(excluded.birthdate, c.birthdate),
       coalesce(c.address || excluded.address, excluded.address, c.address), c.metadata || excluded.metadata)
  IS DISTINCT FROM
      (c.name, c.description, c.email, c.phone, c.birthday, c.birthdate, c.address, c.metadata)
RETURNING id, source_id, name, description, email, phone, birthday, birthdate, address, metadata, created_at, updated_at

-- update_customers --
-- The same as update_customer for many at once, $2: an array of objects named by id; null: not sent, and the fields
-- named in `cleared` become unset before what was sent is written. The caller has locked them, so none is deleted
-- meanwhile: with that condition here the planner, as long as it has no statistics, would expect one row and look at the
-- whole table for each of these. The array leads it to the key.
UPDATE customers c SET
  name = coalesce(n.name, CASE WHEN n.cleared ? 'name' THEN NULL ELSE c.name END),
  description = coalesce(n.description, CASE WHEN n.cleared ? 'description' THEN NULL ELSE c.description END),
  email = coalesce(n.email, CASE WHEN n.cleared ? 'email' THEN NULL ELSE c.email END),
  phone = coalesce(n.phone, CASE WHEN n.cleared ? 'phone' THEN NULL ELSE c.phone END),
  birthday = coalesce(n.birthday, CASE WHEN n.cleared ? 'birthday' THEN NULL ELSE c.birthday END),
  birthdate = coalesce(n.birthdate, CASE WHEN n.cleared ? 'birthdate' THEN NULL ELSE c.birthdate END),
  address = coalesce(CASE WHEN n.cleared ? 'address' THEN NULL ELSE c.address END || n.address, n.address,
    CASE WHEN n.cleared ? 'address' THEN NULL ELSE c.address END),
  metadata = CASE WHEN n.cleared ? 'metadata' THEN '{}' ELSE c.metadata END || coalesce(n.metadata, '{}'),
  updated_at = now()
FROM jsonb_to_recordset($2::jsonb) AS n (
  id text, source_id text, name text, description text, email text, phone text, birthday date, birthdate date,
  address jsonb, metadata jsonb, cleared jsonb
)
WHERE c.project_id = $1 AND c.id = n.id
  AND c.id = ANY (ARRAY(SELECT named.id FROM jsonb_to_recordset($2::jsonb) AS named (id text)))
  AND (coalesce(n.name, CASE WHEN n.cleared ? 'name' THEN NULL ELSE c.name END),
       coalesce(n.description, CASE WHEN n.cleared ? 'description' THEN NULL ELSE c.description END),
       coalesce(n.email, CASE WHEN n.cleared ? 'email' THEN NULL ELSE c.email END),
       coalesce(n.phone, CASE WHEN n.cleared ? 'phone' THEN NULL ELSE c.phone END),
       coalesce(n.birthday, CASE WHEN n.cleared ? 'birthday' THEN NULL ELSE c.birthday END),
       coalesce(n.birthdate, CASE WHEN n.cleared ? 'birthdate' THEN NULL ELSE c.birthdate END),
       coalesce(CASE WHEN n.cleared ? 'address' THEN NULL ELSE c.address END || n.address, n.address,
         CASE WHEN n.cleared ? 'address' THEN NULL ELSE c.address END),
       CASE WHEN n.cleared ? 'metadata' THEN '{}' ELSE c.metadata END || coalesce(n.metadata, '{}'))
  IS DISTINCT FROM
      (c.name, c.description, c.email, c.phone, c.birthday, c.birthdate, c.address, c.metadata)
RETURNING c.id, c.source_id, c.name, c.description, c.email, c.phone, c.birthday, c.birthdate, c.address, c.metadata,
  c.created_at, c.updated_at
