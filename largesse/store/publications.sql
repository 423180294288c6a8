-- Publications: the statement that hands out codes, and the reads of what was handed out.

-- publish --
-- One row per request in, one row per request out; up to 64 requests at once. A refusal is a row, nothing is raised
-- or rolled back, so no request can harm its neighbours. Whatever another transaction decides differently at the same
-- moment is caught by a unique index or a skipped lock and comes back as a reason to try again.
--
-- $1 project, $2 its time zone, $3 strict: a known source_id is always an error.
-- Arrays, one element per request: $4 campaign name or id, or null, $5 voucher code key, or null, $6 voucher reference
-- as sent (may be an id), $7 count, $8 id of the customer to find, $9 source_id of the customer, $10 id for the customer
-- if one has to be made (null: an unknown customer is an error), $11 profile to write as jsonb, or null, $12 source_id
-- of the publication, $13 join_once, $14 channel, $15 metadata, $16 id of the publication, $17 and $18 milliseconds and
-- first counter of its holder ids, $19 give up on new codes.
-- $20 and $21 campaign ids and where this process's claim of their pools stopped last.
-- Spare codes for AUTO_UPDATE campaigns, dealt out like those of the pool: $22 campaign, $23 voucher id, $24 code,
-- $25 code key, $26 pick key. Provenance of the events, per request: $27 request id, $28 actor.
--
-- The order of the parts is the order of the locks: customers, vouchers, publications. Keep it.
WITH
req AS MATERIALIZED (
  SELECT * FROM unnest($4::text[], $5::text[], $6::text[], $7::int[], $8::text[], $9::text[], $10::text[], $11::jsonb[],
      $12::text[], $13::bool[], $14::text[], $15::jsonb[], $16::text[], $17::text[], $18::int[], $19::bool[],
      $27::text[], $28::text[])
    WITH ORDINALITY AS r (camp_ref, vkey, vref, cnt, cid, csid, new_cid, profile,
      sid, once, channel, md, pub_id, rh_millis, rh_counter, give_up, request_id, actor, n)),
clock AS MATERIALIZED (SELECT now() AS t),  -- Citus allows no now() inside CASE or COALESCE
-- What each request names, as of this statement's snapshot. Every part from here to the end copies these rows: what only
-- an insert needs (profiles, metadata) stays with the requests.
src AS MATERIALIZED (
  SELECT r.n, r.vref, r.cnt, r.cid, r.csid, r.new_cid, r.sid, r.once, r.give_up, r.pub_id,
    v.id AS vid, v.state AS vstate, v.active AS vactive, v.expiration_date <= clock.t AS is_vexpired,
    c.id AS camp, c.type AS ctype, c.join_once AS camp_once, c.expiration_date <= clock.t AS is_cexpired,
    coalesce(v.type, c.voucher->>'type') AS vtype,
    coalesce(v.is_referral_code, c.campaign_type = 'REFERRAL_PROGRAM') AS referral,
    CASE WHEN CASE WHEN r.vref IS NULL THEN c.id IS NULL ELSE v.id IS NULL END
        OR (v.campaign_id IS NOT NULL AND c.id IS NULL) THEN 'source_not_found'  -- its campaign is in the bin
      WHEN r.vref IS NULL AND c.join_once AND r.cnt > 1 THEN 'too_many_vouchers' END AS early  -- writes nothing at all
  FROM req r CROSS JOIN clock
  LEFT JOIN LATERAL (
    SELECT * FROM (
      (SELECT id, state, active, expiration_date, campaign_id, type, is_referral_code, deleted_at
       FROM vouchers WHERE project_id = $1 AND code_key = r.vkey LIMIT 1)
      UNION ALL
      (SELECT id, state, active, expiration_date, campaign_id, type, is_referral_code, deleted_at
       FROM vouchers WHERE project_id = $1 AND id = r.vref LIMIT 1)) found
    WHERE deleted_at IS NULL LIMIT 1) v ON true
  LEFT JOIN LATERAL (
    SELECT * FROM (
      (SELECT id, type, join_once, expiration_date, voucher, campaign_type, deleted_at FROM campaigns
       WHERE project_id = $1 AND id = CASE WHEN r.vref IS NULL THEN r.camp_ref ELSE v.campaign_id END LIMIT 1)
      UNION ALL
      (SELECT id, type, join_once, expiration_date, voucher, campaign_type, deleted_at FROM campaigns
       WHERE project_id = $1 AND name = CASE WHEN r.vref IS NULL THEN r.camp_ref END LIMIT 1)) found
    WHERE deleted_at IS NULL LIMIT 1) c ON true),
-- Customers that exist already.
cur AS MATERIALIZED (
  SELECT r.n, r.profile, c.* FROM req r CROSS JOIN LATERAL (
    SELECT id, source_id, name, description, email, phone, birthday, birthdate, address, metadata FROM customers
    WHERE project_id = $1 AND id = coalesce(r.cid, r.new_cid) AND deleted_at IS NULL LIMIT 1) c
  WHERE r.csid IS NULL
  UNION ALL
  SELECT r.n, r.profile, c.* FROM req r CROSS JOIN LATERAL (
    SELECT id, source_id, name, description, email, phone, birthday, birthdate, address, metadata FROM customers
    WHERE project_id = $1 AND source_id = r.csid AND deleted_at IS NULL LIMIT 1) c
  WHERE r.csid IS NOT NULL),
-- The publication that a source_id already has. Somebody without any id is the same customer when everything sent
-- is what the first customer has now.
prev AS MATERIALIZED (
  SELECT s.n, p.id, NOT $3::bool
      AND CASE WHEN s.vref IS NULL THEN p.campaign_id = s.camp ELSE EXISTS (
          SELECT FROM publication_vouchers l
          WHERE l.project_id = $1 AND l.publication_id = p.id AND l.voucher_id = s.vid) END
      AND CASE WHEN s.cid IS NULL AND s.csid IS NULL THEN EXISTS (
          SELECT FROM customers c WHERE c.project_id = $1 AND c.id = p.customer_id AND c.deleted_at IS NULL
            AND (to_jsonb(c) - 'address' - 'metadata') @> (coalesce(r.profile, '{}') - 'address' - 'metadata')
            AND coalesce(c.address, '{}') @> coalesce(r.profile->'address', '{}')
            AND c.metadata @> coalesce(r.profile->'metadata', '{}'))
        ELSE p.customer_id = cur.id END IS TRUE AS same
  FROM src s JOIN req r ON r.n = s.n CROSS JOIN LATERAL (
    SELECT id, customer_id, campaign_id FROM publications
    WHERE project_id = $1 AND source_id = s.sid AND result = 'SUCCESS' LIMIT 1) p
  LEFT JOIN cur ON cur.n = s.n),
-- The first publication that this customer has of this campaign; without a campaign, of this voucher.
joined AS MATERIALIZED (
  SELECT s.n, p.id FROM src s JOIN cur ON cur.n = s.n CROSS JOIN LATERAL (
    SELECT id FROM publications
    WHERE project_id = $1 AND campaign_id = s.camp AND customer_id = cur.id AND first_of_customer LIMIT 1) p
  UNION ALL
  SELECT s.n, l.publication_id FROM src s JOIN cur ON cur.n = s.n CROSS JOIN LATERAL (
    SELECT publication_id, customer_id FROM publication_vouchers
    WHERE project_id = $1 AND voucher_id = s.vid AND to_customer LIMIT 1) l
  WHERE s.camp IS NULL AND s.once AND l.customer_id = cur.id),
-- New customers, by source_id: one order for all who insert. A customer made by somebody else since the snapshot is
-- left alone (the request comes back); DO UPDATE would lock out of order. Each has a moment of its own, until now.
ins AS (
  INSERT INTO customers AS c
    (project_id, id, source_id, name, description, email, phone, birthday, birthdate, address, metadata, created_at)
  SELECT DISTINCT ON (s.csid, CASE WHEN s.csid IS NULL THEN s.n END)
    $1::int, s.new_cid, s.csid, r.profile->>'name', r.profile->>'description', r.profile->>'email', r.profile->>'phone',
    (r.profile->>'birthday')::date, (r.profile->>'birthdate')::date, r.profile->'address',
    coalesce(r.profile->'metadata', '{}'), now() - (cardinality($4) - s.n) * interval '1 millisecond'
  FROM src s JOIN req r ON r.n = s.n
  WHERE s.new_cid IS NOT NULL AND s.early IS NULL
    AND NOT EXISTS (SELECT FROM cur WHERE cur.n = s.n) AND NOT EXISTS (SELECT FROM prev WHERE prev.n = s.n)
  ORDER BY s.csid, CASE WHEN s.csid IS NULL THEN s.n END, s.n
  ON CONFLICT DO NOTHING
  RETURNING c.*),
-- Existing customers that nobody else is changing; the requests of the others come back, so that no neighbour waits.
lk AS MATERIALIZED (
  SELECT c.id FROM (
    SELECT DISTINCT cur.id FROM cur JOIN src s ON s.n = cur.n
    WHERE s.early IS NULL AND NOT EXISTS (SELECT FROM prev WHERE prev.n = cur.n)
      AND NOT (s.once AND EXISTS (SELECT FROM joined j WHERE j.n = cur.n))) w
  CROSS JOIN LATERAL (
    SELECT id FROM customers WHERE project_id = $1 AND id = w.id AND deleted_at IS NULL
    LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) c),
-- Profiles that change something, and what they change, key by key; the last request of a batch wins.
chg AS MATERIALIZED (
  SELECT cur.* FROM cur WHERE cur.profile IS NOT NULL AND cur.id IN (SELECT id FROM lk)
    AND NOT EXISTS (SELECT FROM prev WHERE prev.n = cur.n)
    AND NOT EXISTS (SELECT FROM joined j JOIN req r ON r.n = j.n WHERE j.n = cur.n AND r.once)
    AND NOT (to_jsonb(cur) - 'address' - 'metadata' @> (cur.profile - 'address' - 'metadata')
      AND coalesce(cur.address, '{}') @> coalesce(cur.profile->'address', '{}')
      AND cur.metadata @> coalesce(cur.profile->'metadata', '{}'))),
upd AS (
  UPDATE customers c SET
    name = coalesce(w.f->>'name', c.name), description = coalesce(w.f->>'description', c.description),
    email = coalesce(w.f->>'email', c.email), phone = coalesce(w.f->>'phone', c.phone),
    birthday = coalesce((w.f->>'birthday')::date, c.birthday), birthdate = coalesce((w.f->>'birthdate')::date, c.birthdate),
    address = CASE WHEN w.a IS NULL THEN c.address ELSE coalesce(c.address, '{}') || w.a END,
    metadata = c.metadata || coalesce(w.m, '{}'), updated_at = clock.t
  FROM clock, (
    SELECT chg.id,
      jsonb_object_agg(e.key, e.value ORDER BY chg.n) FILTER (WHERE e.part = 'f') AS f,
      jsonb_object_agg(e.key, e.value ORDER BY chg.n) FILTER (WHERE e.part = 'a') AS a,
      jsonb_object_agg(e.key, e.value ORDER BY chg.n) FILTER (WHERE e.part = 'm') AS m
    FROM chg CROSS JOIN LATERAL (
      SELECT 'f' AS part, key, value FROM jsonb_each(chg.profile) WHERE key NOT IN ('address', 'metadata')
      UNION ALL SELECT 'a', key, value FROM jsonb_each(coalesce(chg.profile->'address', '{}'))
      UNION ALL SELECT 'm', key, value FROM jsonb_each(coalesce(chg.profile->'metadata', '{}'))) e
    GROUP BY chg.id) w
  WHERE c.project_id = $1 AND c.id = w.id
  RETURNING c.*),
who AS MATERIALIZED (
  SELECT s.n, coalesce(cur.id, i.id, i2.id) AS cust, coalesce(cur.source_id, i.source_id) AS cust_sid,
    cur.id IS NULL OR cur.id IN (SELECT id FROM lk) AS mine
  FROM src s LEFT JOIN cur ON cur.n = s.n
  LEFT JOIN ins i ON s.csid IS NOT NULL AND cur.n IS NULL AND i.source_id = s.csid
  LEFT JOIN ins i2 ON s.csid IS NULL AND cur.n IS NULL AND i2.id = s.new_cid),
-- The rules, in their order (docs/semantics/publication.md).
dec AS MATERIALIZED (
  SELECT s.*, w.cust, w.cust_sid, prev.id AS prev_id, j.id AS join_id,
    CASE
      WHEN s.early IS NOT NULL THEN s.early
      WHEN prev.same THEN 'replayed'
      WHEN w.cust IS NULL AND s.new_cid IS NULL THEN 'customer_not_found'
      WHEN prev.id IS NOT NULL THEN 'duplicate_source_id'
      WHEN w.cust IS NULL THEN 'retry_lost_race'
      WHEN s.once AND j.id IS NOT NULL THEN 'replayed'
      WHEN NOT w.mine THEN 'retry_busy'
      WHEN s.camp_once AND j.id IS NOT NULL THEN 'already_joined'
      WHEN s.vref IS NOT NULL AND s.vstate = 3 THEN 'voucher_already_published'
      WHEN s.vref IS NOT NULL AND s.vstate = 1 THEN 'voucher_held'
      WHEN s.vref IS NOT NULL AND NOT s.vactive THEN 'voucher_disabled'
      WHEN s.vref IS NOT NULL AND s.is_vexpired THEN 'voucher_expired'
      WHEN s.vref IS NOT NULL AND s.is_cexpired THEN 'campaign_expired'
      WHEN s.is_cexpired THEN 'pool_expired'
      -- Requests of this batch that depend on each other: the first goes, the others come back.
      WHEN s.sid IS NOT NULL AND row_number() OVER (PARTITION BY s.sid ORDER BY s.n) > 1 THEN 'retry_dependent'
      WHEN s.vid IS NOT NULL AND row_number() OVER (PARTITION BY s.vid ORDER BY s.n) > 1 THEN 'retry_dependent'
      WHEN s.csid IS NOT NULL AND NOT EXISTS (SELECT FROM cur WHERE cur.n = s.n)
        AND row_number() OVER (PARTITION BY s.csid ORDER BY s.n) > 1 THEN 'retry_dependent'
      WHEN s.camp IS NOT NULL AND j.id IS NULL
        AND row_number() OVER (PARTITION BY s.camp, w.cust ORDER BY s.n) > 1 THEN 'retry_dependent'
      ELSE 'go' END AS verdict
  FROM src s LEFT JOIN who w USING (n) LEFT JOIN prev USING (n) LEFT JOIN joined j USING (n)),
-- Named vouchers that nobody else is changing. State 4 here: redeemed before it was ever published.
named AS MATERIALIZED (
  SELECT v.* FROM dec d CROSS JOIN clock CROSS JOIN LATERAL (
    SELECT id, code, state FROM vouchers
    WHERE project_id = $1 AND id = d.vid AND state IN (0, 2, 4) AND active AND deleted_at IS NULL
      AND (expiration_date IS NULL OR expiration_date > clock.t)
    LIMIT 1 FOR UPDATE SKIP LOCKED) v
  WHERE d.verdict = 'go' AND d.vref IS NOT NULL),
-- Small requests first, so that a large one never takes what a small one could have had.
want AS MATERIALIZED (
  SELECT n, camp, ctype, cnt, (sum(cnt) OVER w)::int AS hi, (sum(cnt) OVER w - cnt)::int AS lo
  FROM dec WHERE verdict = 'go' AND vref IS NULL
  WINDOW w AS (PARTITION BY camp ORDER BY cnt, n ROWS UNBOUNDED PRECEDING)),
-- What the counters say, as of this snapshot, exactly as the rows are; nothing about a campaign without a counter row.
count_ AS MATERIALIZED (
  SELECT d.camp, k.free, k.changes FROM (SELECT DISTINCT coalesce(camp, '') AS camp FROM dec) d
  CROSS JOIN LATERAL (
    SELECT sum(k.vouchers - k.published - k.held - k.withdrawn - k.disabled)::bigint AS free, sum(k.changes)::int AS changes
    FROM {counters} k WHERE k.campaign_id = d.camp) k),
-- They tell how many are left without a search. So nobody looks for more than there are: behind the last one may lie a
-- million dead entries. A process that is new to the campaign starts where somebody took the newest code.
need AS MATERIALIZED (
  SELECT w.camp, coalesce(max(k.cursor), max(newest.pick_key), -1) AS cursor, max(clock.t) AS t,
    least(max(w.hi), greatest(0, coalesce(max(count_.free), max(w.hi))))
      AS need
  FROM want w CROSS JOIN clock
  LEFT JOIN count_ ON count_.camp = w.camp
  LEFT JOIN unnest($20::text[], $21::bigint[]) AS k (camp, cursor) ON k.camp = w.camp
  LEFT JOIN LATERAL (
    SELECT v.pick_key FROM (
      SELECT p.id FROM publications p
      WHERE p.project_id = $1 AND p.campaign_id = w.camp AND p.result <> 'HELD' AND k.cursor IS NULL
      ORDER BY p.created_at DESC, p.id DESC LIMIT 10) latest
    JOIN publication_vouchers l ON l.project_id = $1 AND l.publication_id = latest.id
    JOIN vouchers v ON v.project_id = $1 AND v.id = l.voucher_id
    LIMIT 1) newest ON true
  GROUP BY w.camp),
-- The claim starts where this process stopped last and wraps once: flat to the last code, however many dead entries
-- of published codes the index still has behind it.
pick1 AS MATERIALIZED (
  SELECT need.camp, v.* FROM need CROSS JOIN LATERAL (
    SELECT v.id, v.code, v.pick_key FROM vouchers v
    WHERE v.project_id = $1 AND v.campaign_id = need.camp AND v.state = 0 AND v.active AND v.pick_key > need.cursor
      AND (v.expiration_date IS NULL OR v.expiration_date > need.t) AND v.id <> ALL (ARRAY(SELECT id FROM named))
    ORDER BY v.pick_key LIMIT need.need FOR UPDATE SKIP LOCKED) v),
pick2 AS MATERIALIZED (
  SELECT rest.camp, v.* FROM (
    SELECT *, need.need - (SELECT count(*) FROM pick1 WHERE pick1.camp = need.camp) AS rest FROM need) rest
  CROSS JOIN LATERAL (
    SELECT v.id, v.code, v.pick_key FROM vouchers v
    WHERE rest.rest > 0 AND v.project_id = $1 AND v.campaign_id = rest.camp AND v.state = 0 AND v.active
      AND v.pick_key <= rest.cursor
      AND (v.expiration_date IS NULL OR v.expiration_date > rest.t) AND v.id <> ALL (ARRAY(SELECT id FROM named))
    ORDER BY v.pick_key LIMIT rest.rest FOR UPDATE SKIP LOCKED) v),
pick AS MATERIALIZED (
  SELECT camp, id, code, pick_key, row_number() OVER (PARTITION BY camp ORDER BY wrap, pick_key)::int AS rn
  FROM (SELECT 0 AS wrap, * FROM pick1 UNION ALL SELECT 1, * FROM pick2) p),
-- got < seen: somebody else holds codes that may come free again, so "exhausted" would be a guess.
got AS MATERIALIZED (
  SELECT need.camp, g.got, CASE WHEN g.got >= need.need THEN g.got ELSE (
      SELECT count(*) FROM (
        SELECT FROM vouchers v
        WHERE v.project_id = $1 AND v.campaign_id = need.camp AND v.state = 0 AND v.active
          AND (v.expiration_date IS NULL OR v.expiration_date > need.t) AND v.id <> ALL (ARRAY(SELECT id FROM named))
        LIMIT need.need) z) END::int AS seen
  FROM need CROSS JOIN LATERAL (SELECT count(*)::int AS got FROM pick WHERE pick.camp = need.camp) g),
-- Fresh codes for AUTO_UPDATE, without those that exist already or were drawn twice in this batch.
spare AS MATERIALIZED (
  SELECT camp, id, code, code_key, pick_key, row_number() OVER (PARTITION BY camp ORDER BY ord)::int AS rn FROM (
    SELECT DISTINCT ON (k.code_key) k.*
    FROM unnest($22::text[], $23::text[], $24::text[], $25::text[], $26::bigint[])
      WITH ORDINALITY AS k (camp, id, code, code_key, pick_key, ord)
    WHERE NOT EXISTS (SELECT FROM vouchers v WHERE v.project_id = $1 AND v.code_key = k.code_key)
    ORDER BY k.code_key, k.ord) k),
-- Which code goes to which request, at which position.
asg AS MATERIALIZED (
  SELECT d.n, named.id, named.code, NULL::text AS code_key, NULL::bigint AS pick_key, 1 AS position, named.state AS from_state
  FROM dec d JOIN named ON named.id = d.vid WHERE d.verdict = 'go' AND d.vref IS NOT NULL
  UNION ALL
  SELECT w.n, pick.id, pick.code, NULL, pick.pick_key, pick.rn - w.lo, 0
  FROM want w JOIN pick ON pick.camp = w.camp AND pick.rn > w.lo AND pick.rn <= w.hi
  UNION ALL
  SELECT w.n, spare.id, spare.code, spare.code_key, spare.pick_key, spare.rn + g.got - w.lo, NULL
  FROM want w JOIN got g USING (camp)
  JOIN spare ON spare.camp = w.camp AND spare.rn > greatest(w.lo, g.got) - g.got AND spare.rn <= w.hi - g.got
  WHERE w.ctype = 'AUTO_UPDATE' AND g.got < w.hi),
full_ AS MATERIALIZED (
  SELECT n, count(*)::int AS have, min(code) FILTER (WHERE position = 1) AS first_code,
    array_agg(id ORDER BY position) AS ids, array_agg(code ORDER BY position) AS codes,
    count(*) FILTER (WHERE from_state IS NULL) AS fresh, count(*) FILTER (WHERE from_state = 4) AS from_withdrawn,
    count(*) FILTER (WHERE from_state IS DISTINCT FROM 2) AS newly_published
  FROM asg GROUP BY n),
fin AS MATERIALIZED (
  SELECT d.*, f.first_code, f.ids, f.codes, f.fresh, f.from_withdrawn, f.newly_published,
    CASE
      WHEN d.verdict <> 'go' THEN d.verdict
      WHEN f.have = CASE WHEN d.vref IS NULL THEN d.cnt ELSE 1 END THEN 'published'
      WHEN d.vref IS NOT NULL THEN 'retry_busy'
      WHEN d.ctype = 'AUTO_UPDATE' THEN CASE WHEN d.give_up THEN 'no_new_codes' ELSE 'retry_short_of_codes' END
      WHEN g.seen > g.got THEN 'retry_busy'
      ELSE 'exhausted' END AS outcome
  FROM dec d LEFT JOIN full_ f USING (n) LEFT JOIN got g ON g.camp = d.camp),
reason (outcome, code, message) AS (VALUES
  ('exhausted', 'no_voucher_suitable_for_publication', 'Couldn''t find any voucher suitable for publication'),
  ('pool_expired', 'no_voucher_suitable_for_publication', 'Campaign is expired'),
  ('no_new_codes', 'no_voucher_suitable_for_publication', 'Couldn''t find any voucher suitable for publication'),
  ('voucher_already_published', 'voucher_already_published', 'Voucher already published'),
  ('already_joined', 'voucher_cannot_be_published', 'Voucher cannot be published'),
  ('voucher_held', 'voucher_cannot_be_published', 'Voucher cannot be published'),
  ('voucher_disabled', 'voucher_cannot_be_published', 'Voucher cannot be published'),
  ('voucher_expired', 'voucher_cannot_be_published', 'Voucher cannot be published'),
  ('campaign_expired', 'voucher_cannot_be_published', 'Voucher cannot be published')),
-- Publications, failures included, by source_id. A lost race inserts nothing and has locked nothing for good.
pub AS (
  INSERT INTO publications (project_id, id, result, campaign_id, customer_id, tracking_id, source_id, channel, metadata,
    vouchers_count, first_code, voucher_type, is_referral_code, first_of_customer, failure_code, failure_message)
  SELECT $1, f.pub_id, CASE f.outcome WHEN 'published' THEN 'SUCCESS' ELSE 'FAILURE' END, f.camp, f.cust, f.cust_sid, f.sid,
    r.channel, r.md, CASE f.outcome WHEN 'published' THEN cardinality(f.codes) ELSE 0 END,
    CASE f.outcome WHEN 'published' THEN f.first_code END, f.vtype, f.referral,
    f.outcome = 'published' AND f.camp IS NOT NULL AND f.join_id IS NULL, reason.code, reason.message
  FROM fin f JOIN req r USING (n) LEFT JOIN reason USING (outcome)
  WHERE f.outcome = 'published' OR reason.code IS NOT NULL
  ORDER BY f.sid, n
  ON CONFLICT DO NOTHING
  RETURNING *),
done AS MATERIALIZED (
  SELECT f.*, clock.t, pub.result, pub.created_at AS published_at,
    (clock.t AT TIME ZONE $2 + c.valid_for) AT TIME ZONE $2 AS valid_until
  FROM fin f CROSS JOIN clock JOIN pub ON pub.id = f.pub_id
  LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = f.camp),
mark AS (
  UPDATE vouchers v SET state = 3, holder_id = d.cust, publish_count = v.publish_count + 1, updated_at = d.t,
    expiration_date = coalesce(d.valid_until, v.expiration_date)
  FROM asg a JOIN done d ON d.n = a.n AND d.result = 'SUCCESS'
  WHERE a.from_state IS NOT NULL AND v.project_id = $1
    AND v.id = ANY (ARRAY(SELECT id FROM pick UNION ALL SELECT id FROM named))
    AND v.id = a.id AND v.state IN (0, 2, 4) AND v.active
  RETURNING v.*, a.n, a.position),
made AS (
  INSERT INTO vouchers (project_id, id, code, code_key, pick_key, state, holder_id, publish_count, type, campaign_id,
    category_id, is_referral_code, redemption_quantity, amount, discount, gift_effect, start_date, expiration_date,
    validity_timeframe, validity_day_of_week, validity_hours, metadata)
  SELECT $1, a.id, a.code, a.code_key, a.pick_key, 3, d.cust, 1, c.voucher->>'type', c.id,
    c.category_id, c.campaign_type = 'REFERRAL_PROGRAM', (c.voucher->'redemption'->>'quantity')::int,
    coalesce((c.voucher->'gift'->>'amount')::bigint, (c.voucher->'loyalty_card'->>'points')::bigint, 0),
    nullif(c.voucher->'discount', 'null'), c.voucher->'gift'->>'effect', c.start_date,
    coalesce(d.valid_until, c.expiration_date), c.validity_timeframe, c.validity_day_of_week, c.validity_hours,
    CASE WHEN c.use_voucher_metadata_schema THEN c.metadata ELSE '{}' END
  FROM asg a JOIN done d ON d.n = a.n AND d.result = 'SUCCESS' JOIN campaigns c ON c.project_id = $1 AND c.id = d.camp
  WHERE a.from_state IS NULL ORDER BY a.code
  RETURNING *),
link AS (
  INSERT INTO publication_vouchers (project_id, voucher_id, to_customer, id, publication_id, position, code, customer_id)
  SELECT $1, a.id, true, 'rh_' || r.rh_millis || lpad(to_hex(r.rh_counter + a.position - 1), 7, '0'),
    d.pub_id, a.position, a.code, d.cust
  FROM asg a JOIN done d ON d.n = a.n AND d.result = 'SUCCESS' JOIN req r ON r.n = d.n
  RETURNING 1),
-- What happened, frozen as it was. The names that webhooks know are derived from these when they are delivered.
given AS MATERIALIZED (
  SELECT n, position, id, code, type, state, active, is_referral_code, publish_count, redeemed_quantity,
    redemption_quantity, amount, subtracted, expired, redeemed, pending, campaign_id, category_id, holder_id, discount,
    gift_effect, start_date, expiration_date, validity_timeframe, validity_day_of_week, validity_hours, additional_info,
    metadata, created_at, updated_at FROM mark
  UNION ALL
  SELECT a.n, a.position, m.id, m.code, type, state, active, is_referral_code, publish_count, redeemed_quantity,
    redemption_quantity, amount, subtracted, expired, redeemed, pending, campaign_id, category_id, holder_id, discount,
    gift_effect, start_date, expiration_date, validity_timeframe, validity_day_of_week, validity_hours, additional_info,
    metadata, created_at, updated_at FROM made m JOIN asg a ON a.id = m.id),
-- Everybody's short form as this statement leaves it.
person AS MATERIALIZED (
  SELECT DISTINCT ON (id) id, source_id, name, email, metadata FROM (
    SELECT 0 AS fresh, id, source_id, name, email, metadata FROM upd
    UNION ALL SELECT 0, id, source_id, name, email, metadata FROM ins
    UNION ALL SELECT 1, id, source_id, name, email, metadata FROM cur) p
  ORDER BY id, fresh),
frozen AS MATERIALIZED (
  SELECT c.id, to_jsonb(c) - 'project_id' AS campaign
  FROM (SELECT DISTINCT camp FROM done) d JOIN campaigns c ON c.project_id = $1 AND c.id = d.camp),
event AS (
  INSERT INTO events (project_id, id, type, entity_id, data, request_id, actor)
  SELECT $1, 'ev_' || substr(d.pub_id, 5), CASE d.result WHEN 'SUCCESS' THEN 'publication.succeeded' ELSE 'publication.failed' END,
    d.pub_id, jsonb_build_object('publication', to_jsonb(pub) - 'project_id', 'customer', to_jsonb(person),
      'campaign', (SELECT frozen.campaign FROM frozen WHERE frozen.id = d.camp),
      'vouchers', (SELECT jsonb_agg(to_jsonb(g) - 'n' ORDER BY g.position) FROM given g WHERE g.n = d.n)),
    r.request_id, r.actor
  FROM done d JOIN req r ON r.n = d.n JOIN pub ON pub.id = d.pub_id JOIN person ON person.id = d.cust
  UNION ALL
  SELECT $1, 'ev_' || substr(ins.id, 6), 'customer.created', ins.id,
    jsonb_build_object('customer', to_jsonb(ins) - 'project_id'), r.request_id, r.actor
  FROM ins JOIN req r ON r.new_cid = ins.id
  UNION ALL
  SELECT $1, 'ev_' || substr(s.pub_id, 5) || '_u', 'customer.updated', upd.id,
    jsonb_build_object('customer', to_jsonb(upd) - 'project_id'), s.request_id, s.actor
  FROM upd JOIN LATERAL (
    SELECT r.pub_id, r.request_id, r.actor FROM chg JOIN req r USING (n) WHERE chg.id = upd.id ORDER BY n DESC LIMIT 1) s ON true
  RETURNING 1),
-- Counters, by campaign: differences, so that nobody waits for anybody.
opened AS (
  INSERT INTO campaign_counters (project_id, campaign_id) SELECT $1, k.camp FROM count_ k
  WHERE k.changes IS NULL AND EXISTS (SELECT FROM done d WHERE coalesce(d.camp, '') = k.camp) ORDER BY k.camp
  ON CONFLICT DO NOTHING),
cnt AS (
  INSERT INTO counter_changes (project_id, campaign_id, vouchers, published, withdrawn, publications, failures)
  SELECT $1, coalesce(d.camp, ''), coalesce(sum(d.fresh) FILTER (WHERE d.result = 'SUCCESS'), 0),
    coalesce(sum(d.newly_published) FILTER (WHERE d.result = 'SUCCESS'), 0),
    -coalesce(sum(d.from_withdrawn) FILTER (WHERE d.result = 'SUCCESS'), 0),
    count(*) FILTER (WHERE d.result = 'SUCCESS'), count(*) FILTER (WHERE d.result = 'FAILURE')
  FROM done d GROUP BY coalesce(d.camp, ''))
SELECT f.n::int AS n,
  CASE WHEN f.outcome = 'published' AND d.n IS NULL THEN 'retry_lost_race' ELSE f.outcome END AS outcome,
  CASE f.outcome WHEN 'replayed' THEN coalesce(f.prev_id, f.join_id) ELSE f.pub_id END AS publication_id,
  d.published_at, f.cust AS customer_id, f.cust_sid AS tracking_id, f.camp AS campaign_id, f.vid, d.ids, d.codes,
  CASE f.outcome WHEN 'retry_short_of_codes' THEN (
    SELECT c.voucher->'code_config' FROM campaigns c WHERE c.project_id = $1 AND c.id = f.camp) END AS code_config,
  (SELECT p.pick_key FROM pick p WHERE p.camp = f.camp ORDER BY p.rn DESC LIMIT 1) AS cursor,
  (SELECT k.changes FROM count_ k WHERE k.camp = coalesce(f.camp, '')) AS changes,
  person.name AS customer_name, person.email AS customer_email, person.metadata AS customer_metadata,
  camp.name AS v_campaign_name, category.name AS v_category_name, category.hierarchy AS v_category_hierarchy,
  category.created_at AS v_category_created_at, category.updated_at AS v_category_updated_at,
  g.id AS v_id, g.code AS v_code, g.type AS v_type, g.state AS v_state, g.active AS v_active,
  g.is_referral_code AS v_is_referral_code, g.publish_count AS v_publish_count,
  g.redeemed_quantity AS v_redeemed_quantity, g.redemption_quantity AS v_redemption_quantity, g.amount AS v_amount,
  g.subtracted AS v_subtracted, g.expired AS v_expired, g.redeemed AS v_redeemed, g.pending AS v_pending,
  g.campaign_id AS v_campaign_id, g.category_id AS v_category_id, g.holder_id AS v_holder_id,
  g.discount AS v_discount, g.gift_effect AS v_gift_effect, g.start_date AS v_start_date,
  g.expiration_date AS v_expiration_date, g.validity_timeframe AS v_validity_timeframe,
  g.validity_day_of_week AS v_validity_day_of_week, g.validity_hours AS v_validity_hours,
  g.additional_info AS v_additional_info, g.metadata AS v_metadata, g.created_at AS v_created_at,
  g.updated_at AS v_updated_at
FROM fin f LEFT JOIN done d USING (n) LEFT JOIN person ON person.id = f.cust
LEFT JOIN given g ON g.n = f.n AND f.outcome = 'published' AND (f.vref IS NOT NULL OR f.cnt = 1)
LEFT JOIN campaigns camp ON camp.project_id = $1 AND camp.id = g.campaign_id
LEFT JOIN categories category ON category.project_id = $1 AND category.id = g.category_id
ORDER BY f.n

-- find --
-- Whole publications by id, for replays: as they were made, their voucher as it is now.
SELECT p.id, p.result, p.created_at, p.campaign_id, p.customer_id, p.tracking_id, p.source_id, p.channel, p.metadata,
  p.vouchers_count, p.failure_code, p.failure_message, l.voucher_ids, l.codes, campaign.name AS v_campaign_name,
  c.name AS customer_name, c.email AS customer_email, c.source_id AS customer_source_id, c.metadata AS customer_metadata,
  category.name AS v_category_name, category.hierarchy AS v_category_hierarchy,
  category.created_at AS v_category_created_at, category.updated_at AS v_category_updated_at,
  v.id AS v_id, v.code AS v_code, v.type AS v_type, v.state AS v_state, v.active AS v_active,
  v.is_referral_code AS v_is_referral_code, v.publish_count AS v_publish_count,
  v.redeemed_quantity AS v_redeemed_quantity, v.redemption_quantity AS v_redemption_quantity, v.amount AS v_amount,
  v.subtracted AS v_subtracted, v.expired AS v_expired, v.redeemed AS v_redeemed, v.pending AS v_pending,
  v.campaign_id AS v_campaign_id, v.category_id AS v_category_id, v.holder_id AS v_holder_id,
  v.discount AS v_discount, v.gift_effect AS v_gift_effect, v.start_date AS v_start_date,
  v.expiration_date AS v_expiration_date, v.validity_timeframe AS v_validity_timeframe,
  v.validity_day_of_week AS v_validity_day_of_week, v.validity_hours AS v_validity_hours,
  v.additional_info AS v_additional_info, v.metadata AS v_metadata, v.created_at AS v_created_at,
  v.updated_at AS v_updated_at
FROM publications p
LEFT JOIN customers c ON c.project_id = $1 AND c.id = p.customer_id
LEFT JOIN LATERAL (
  SELECT array_agg(voucher_id ORDER BY position) AS voucher_ids, array_agg(code ORDER BY position) AS codes
  FROM publication_vouchers WHERE project_id = $1 AND publication_id = p.id) l ON true
LEFT JOIN vouchers v ON v.project_id = $1 AND v.id = l.voucher_ids[1] AND p.vouchers_count = 1
LEFT JOIN campaigns campaign ON campaign.project_id = $1 AND campaign.id = v.campaign_id
LEFT JOIN categories category ON category.project_id = $1 AND category.id = v.category_id
WHERE p.project_id = $1 AND p.id = ANY ($2::text[]) AND p.result <> 'HELD'

-- page --
-- One page of ids, by an index alone where there is one; the rows are fetched afterwards (late row lookup).
SELECT p.id FROM publications p
WHERE p.project_id = $1 AND p.result <> 'HELD'{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- page_nulls_last --
-- The same in the order of a column with unset values, which its index has at the wrong end or leaves out: those with a
-- value first, then, when these end within the page or before it, the others. Only then are the first ones counted.
WITH valued AS MATERIALIZED (
  SELECT p.id, {column} AS value FROM publications p
  WHERE p.project_id = $1 AND p.result <> 'HELD'{filters} AND {column} IS NOT NULL
  ORDER BY {column} {way}, p.id {way} LIMIT {limit} OFFSET {offset}
), unset AS (
  SELECT p.id FROM publications p
  WHERE p.project_id = $1 AND p.result <> 'HELD'{filters} AND {column} IS NULL
  ORDER BY {column} {way}, p.id {way} LIMIT {limit} - (SELECT count(*) FROM valued)
  OFFSET CASE WHEN EXISTS (SELECT FROM valued) THEN 0 ELSE greatest(0, {offset} - (
    SELECT count(*) FROM publications p WHERE p.project_id = $1 AND p.result <> 'HELD'{filters} AND {column} IS NOT NULL)) END
)
SELECT page.id FROM (SELECT id, value FROM valued UNION ALL SELECT id, NULL FROM unset) page
ORDER BY page.value {way} NULLS LAST, page.id {way} LIMIT {limit}

-- gathered_page --
-- Of what matches here and there: all of it, found as a count finds it, and then put in order. How far it would have to
-- walk an order until it met them the planner can't know. Nothing is read but what the order needs: often an index has it.
WITH found AS MATERIALIZED (
  SELECT p.id, {column} AS value FROM publications p WHERE p.project_id = $1 AND p.result <> 'HELD'{filters}
)
SELECT found.id FROM found ORDER BY found.value {way} NULLS LAST, found.id {way} LIMIT {limit} OFFSET {offset}

-- count --
-- How many match.
SELECT count(*) FROM publications p WHERE p.project_id = $1 AND p.result <> 'HELD'{filters}

-- count_up_to --
-- How many match, and no more of them than are asked for.
SELECT count(*) FROM (
  SELECT FROM publications p WHERE p.project_id = $1 AND p.result <> 'HELD'{filters} LIMIT {limit}) t

-- count_by_counters --
-- The same, where nothing but campaigns and results is asked for: by the counters, without visiting a publication.
SELECT coalesce(sum(p.publications), 0)::bigint FROM (
  SELECT nullif(k.campaign_id, '') AS campaign_id, r.result, r.publications
  FROM {counters} k
  CROSS JOIN LATERAL (VALUES ('SUCCESS', k.publications), ('FAILURE', k.failures)) AS r (result, publications)
) p WHERE true{filters}
