-- The messages of distributions: who gets one, what state each is in, and who has it in his hands.

-- audience --
-- The next customers of an audience behind the id {after}, and what decides whether they get a message: {campaign} is the
-- one that gives each customer one code, or null. {offset} skips some, to look at a page further ahead.
WITH page AS (
  SELECT c.id FROM customers c
  WHERE c.project_id = $1 AND c.deleted_at IS NULL AND c.id > {after}::text{filters}
  ORDER BY c.id LIMIT {limit}::int OFFSET {offset}::int
)
SELECT c.id, c.source_id, c.name, c.email, c.phone, c.metadata,
  (SELECT count(*) FROM publications p WHERE p.project_id = $1 AND p.campaign_id = {campaign}::text
    AND p.customer_id = c.id AND p.first_of_customer) > 0 AS joined,
  coalesce(c.email, '') <> '' AS has_email, coalesce(c.phone, '') <> '' AS has_phone,
  EXISTS (SELECT FROM suppressions s WHERE s.project_id = $1 AND s.channel = 'email'
    AND s.target = ANY (ARRAY[c.id, lower(c.email)])) AS no_email,
  EXISTS (SELECT FROM suppressions s WHERE s.project_id = $1 AND s.channel = 'sms'
    AND s.target = ANY (ARRAY[c.id, lower(c.phone)])) AS no_sms,
  EXISTS (SELECT FROM suppressions s WHERE s.project_id = $1 AND s.channel = 'webhook' AND s.target = c.id) AS no_webhook
FROM page JOIN customers c ON c.project_id = $1 AND c.id = page.id
ORDER BY c.id

-- count_audience --
-- The same for a whole audience, at most {limit} of it: how many there are of each kind. {dial} is what phone numbers without
-- a code are dialled with. A number spelled in an unusual way is only understood when its customer's turn comes. Mail
-- can be sent to what matches {addresses}; what matches {unclear} is told: only the program can judge a domain that isn't
-- ASCII.
WITH kinds AS (
  SELECT (SELECT count(*) FROM publications p WHERE p.project_id = $1 AND p.campaign_id = {campaign}::text
      AND p.customer_id = c.id AND p.first_of_customer) > 0 AS joined,
    strpos(c.email, '@') <= {local_max}::int + 1 AND length(c.email) - strpos(c.email, '@') <= {domain_max}::int
      AND c.email ~ {addresses}::text AS has_email, coalesce(c.phone, '') <> '' AS has_phone,
    CASE WHEN octet_length(c.email) > length(c.email) AND length(c.email) <= {address_max}::int AND c.email ~ {unclear}::text
      THEN c.email END AS unclear,
    EXISTS (SELECT FROM suppressions s WHERE s.project_id = $1 AND s.channel = 'email'
      AND s.target = ANY (ARRAY[c.id, lower(btrim(c.email))])) AS no_email,
    EXISTS (SELECT FROM suppressions s WHERE s.project_id = $1 AND s.channel = 'sms'
      AND s.target = ANY (ARRAY[c.id, lower(c.phone), c.digits, CASE WHEN c.digits LIKE '00%' THEN '+' || substr(c.digits, 3)
        WHEN c.digits NOT LIKE '+%' THEN '+' || {dial}::text || ltrim(c.digits, '0') END])) AS no_sms,
    EXISTS (SELECT FROM suppressions s WHERE s.project_id = $1 AND s.channel = 'webhook' AND s.target = c.id) AS no_webhook
  FROM (
    SELECT c.id, c.email, c.phone, regexp_replace(replace(c.phone, '(0)', ''), '[^0-9+]', '', 'g') AS digits
    FROM customers c WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters}
    ORDER BY c.id LIMIT {limit}::int) AS c
)
SELECT joined, coalesce(has_email, false) AS has_email, has_phone, no_email, no_sms, no_webhook, unclear, count(*) AS people
FROM kinds GROUP BY 1, 2, 3, 4, 5, 6, 7

-- shared_addresses --
-- How many addresses of an audience, at most {limit} of it, stand at several customers, and at how many: of e-mail, where
-- {channel} says so, or of phones. And for each of {targets}, addresses as they are compared here, at how many it stands.
WITH people AS (
  SELECT CASE WHEN {channel}::text = 'email' THEN lower(btrim(c.email))
    ELSE regexp_replace(replace(c.phone, '(0)', ''), '[^0-9+]', '', 'g') END AS target
  FROM (SELECT c.email, c.phone FROM customers c WHERE c.project_id = $1 AND c.deleted_at IS NULL{filters}
    ORDER BY c.id LIMIT {limit}::int) AS c
), shared AS (
  SELECT p.target, count(*) AS customers FROM people p WHERE p.target <> '' GROUP BY p.target HAVING count(*) > 1
)
SELECT NULL AS target, count(*) AS addresses, coalesce(sum(s.customers), 0)::bigint AS customers FROM shared s
UNION ALL
SELECT s.target, 1, s.customers FROM shared s WHERE s.target = ANY ({targets}::text[])

-- sample --
-- Up to $3 codes as the campaign $2 would give them now, in the time zone $4; and until when a code published now is valid,
-- where the campaign says so from the publication on.
SELECT (clock.t AT TIME ZONE $4 + n.valid_for) AT TIME ZONE $4 AS valid_until, n.expiration_date <= clock.t AS is_expired,
  to_jsonb(n) - 'project_id' AS campaign, (
    SELECT jsonb_agg(to_jsonb(v)) FROM (
      SELECT * FROM vouchers v
      WHERE v.project_id = $1 AND v.campaign_id = $2 AND v.state = 0 AND v.active
        AND (v.expiration_date IS NULL OR v.expiration_date > clock.t)
      ORDER BY v.pick_key LIMIT $3) v) AS vouchers
FROM (SELECT now()::timestamptz(3) AS t) AS clock, campaigns n
WHERE n.project_id = $1 AND n.id = $2

-- add_messages --
-- I9: whoever has one for this distribution, channel and event gets no second one. $3 ids, $4 customers, $5 channels, $6
-- events, $7 states, $8 reasons, $9 publications that they are about, $10 what of the event their texts can name.
INSERT INTO distribution_messages (project_id, distribution_id, id, customer_id, channel, event_id, state, reason,
  publication_id, facts, failed_at)
SELECT $1, $2, n.id, n.customer_id, n.channel, n.event_id, n.state, n.reason, n.publication_id, n.facts,
  CASE WHEN n.state = 'failed' THEN clock.t END
FROM (SELECT now() AS t) AS clock, unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::jsonb[])
  AS n (id, customer_id, channel, event_id, state, reason, publication_id, facts)
ORDER BY n.customer_id, n.channel, n.event_id
ON CONFLICT DO NOTHING

-- pending_recipients --
-- Whom a code is to be held for, at most $3.
SELECT m.customer_id, m.event_id FROM distribution_messages m
WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.state = 'pending'
GROUP BY m.customer_id, m.event_id
ORDER BY min(m.id) LIMIT $3

-- decide_pending --
-- What becomes of the pending messages of the recipients $3 at the events $4: state $5, reason $6, publication $7,
-- whether they get the fallback, $8. A channel in $9 has none and fails, with the reason $10.
UPDATE distribution_messages m SET
  state = CASE WHEN m.channel = ANY ($9::text[]) THEN 'failed' ELSE $5 END,
  reason = CASE WHEN m.channel = ANY ($9::text[]) THEN $10 ELSE $6 END,
  failed_at = CASE WHEN m.channel = ANY ($9::text[]) OR $5 = 'failed' THEN clock.t ELSE m.failed_at END,
  publication_id = $7, fallback = $8::bool, updated_at = clock.t
FROM (SELECT now() AS t) AS clock, unnest($3::text[], $4::text[]) AS n (customer_id, event_id)
WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.customer_id = n.customer_id AND m.event_id = n.event_id
  AND m.customer_id = ANY ($3::text[]) AND m.state = 'pending'

-- ready_pending --
-- Messages without a code need no hold.
UPDATE distribution_messages m SET state = 'held', updated_at = now()
WHERE m.project_id = $1 AND m.id = ANY (ARRAY(
  SELECT p.id FROM distribution_messages p
  WHERE p.project_id = $1 AND p.distribution_id = $2 AND p.state = 'pending' ORDER BY p.id LIMIT $3))

-- lose_sending --
-- What earlier attempts had in their hands: nobody can say whether it arrived, so it is never sent again by itself; but
-- a webhook is: its receiver knows it by its id. A line of the file is in it when it is accepted, and not before.
UPDATE distribution_messages m SET reason = $3, updated_at = now(),
  state = CASE WHEN m.channel IN ('webhook', 'csv') THEN 'held' ELSE 'unknown' END
WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.state = 'sending'
RETURNING m.id

-- ready_messages --
-- Up to $5 that may go through the channel $4, locked. Nothing for an attempt that was overtaken, nor for a distribution
-- that is paused.
SELECT m.id, m.distribution_id, m.customer_id, m.channel, m.event_id, m.state, m.publication_id, m.reason, m.receipt,
  m.fallback, m.tries, m.due_at, m.sent_at, m.created_at, m.updated_at, m.body, m.facts
FROM distribution_messages m
WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.channel = $4 AND m.state = 'held' AND m.due_at <= now()::timestamptz(3)
  AND EXISTS (SELECT FROM distributions d WHERE d.project_id = $1 AND d.id = $2 AND d.attempt = $3
    AND d.status IN ('IN_PROGRESS', 'LIVE') AND d.deleted_at IS NULL)
ORDER BY m.due_at, m.id LIMIT $5
FOR NO KEY UPDATE OF m SKIP LOCKED

-- claim_messages --
-- Those that the caller has locked, $3, are in the hands of the attempt $2, with what they say ($4; null: rendered anew at
-- each try). Committed before the wire is touched.
UPDATE distribution_messages m SET state = 'sending', attempt = $2, tries = m.tries + 1, body = n.body, updated_at = now()
FROM unnest($3::text[], $4::text[]) AS n (id, body)
WHERE m.project_id = $1 AND m.id = ANY ($3::text[]) AND m.id = n.id

-- let_go --
-- Somebody lets a distribution go on: what was to be tried again later goes now, from the first try.
UPDATE distribution_messages m SET tries = 0, due_at = clock.t, updated_at = clock.t
FROM (SELECT now() AS t) AS clock
WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.state = 'held' AND m.due_at > clock.t

-- record_outcomes --
-- What came of those that this attempt, $3, has in its hands, or had: what the sender saw is better than unknown. $4 ids,
-- $5 states (held: once more later), $6 reasons, $7 receipts, $8 seconds until they are due. Says whose codes it was.
UPDATE distribution_messages m SET state = n.state, reason = n.reason, receipt = n.receipt, updated_at = clock.t,
  due_at = n.later, sent_at = CASE WHEN n.state = 'accepted' THEN clock.t ELSE m.sent_at END,
  failed_at = CASE WHEN n.state = 'failed' THEN clock.t ELSE m.failed_at END,
  body = CASE WHEN n.state = 'held' THEN m.body END
FROM (SELECT now() AS t) AS clock, (
  SELECT o.id, o.state, o.reason, o.receipt, now() + make_interval(secs => o.seconds) AS later
  FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::float8[]) AS o (id, state, reason, receipt, seconds)
) AS n
WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.id = ANY ($4::text[]) AND m.id = n.id AND m.attempt = $3
  AND (m.state = 'sending' OR m.state = 'unknown' AND n.state <> 'held')
RETURNING m.publication_id

-- settled_holds --
-- Of the publications $2 those still held that are decided: accepted through one channel, or failed through all.
SELECT p.id, bool_or(m.state = 'accepted') AS accepted FROM publications p
JOIN distribution_messages m ON m.project_id = $1 AND m.publication_id = p.id
WHERE p.project_id = $1 AND p.id = ANY ($2::text[]) AND p.result = 'HELD'
GROUP BY p.id HAVING bool_or(m.state = 'accepted') OR bool_and(m.state IN ('failed', 'skipped'))

-- next_due --
-- Whether messages wait for a code, and the earliest moment that one may go; null: none may.
SELECT (SELECT count(*) FROM (SELECT FROM distribution_messages m
    WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.state = 'pending' LIMIT 1) AS p) > 0 AS pending,
  (SELECT count(*) FROM (SELECT FROM distribution_messages m
    WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.state = 'sending' LIMIT 1) AS s) > 0 AS sending,
  (SELECT count(*) FROM (SELECT FROM distribution_messages m
    WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.state = 'held' LIMIT 1) AS h) > 0 AS held,
  (SELECT count(*) FROM (SELECT FROM distribution_messages m
    WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.state = 'held' AND m.due_at <= now()::timestamptz(3) LIMIT 1) AS h) > 0
    AS due

-- materials --
-- What messages are made of: the customers $2, the codes of the publications $3, and their campaigns. A code that is held
-- says until when it will be valid, in the time zone $4, once it is published.
SELECT 'customer' AS kind, c.id, to_jsonb(c) - 'project_id' || jsonb_build_object('suppressed', ARRAY(
    SELECT s.channel FROM suppressions s WHERE s.project_id = $1 AND (
      s.channel = 'email' AND s.target = ANY (ARRAY[c.id, lower(c.email)])
      OR s.channel = 'sms' AND s.target = ANY (ARRAY[c.id, lower(c.phone)])
      OR s.channel = 'webhook' AND s.target = c.id))) AS data
FROM customers c
WHERE c.project_id = $1 AND c.id = ANY ($2::text[]) AND c.deleted_at IS NULL
UNION ALL
SELECT 'campaign', n.id, to_jsonb(n) - 'project_id' FROM campaigns n
WHERE n.project_id = $1 AND n.id = ANY (ARRAY(
  SELECT DISTINCT p.campaign_id FROM publications p WHERE p.project_id = $1 AND p.id = ANY ($3::text[])))
UNION ALL
SELECT 'publication', p.id, jsonb_build_object('publication', to_jsonb(p) - 'project_id', 'vouchers', (
  SELECT jsonb_agg(coalesce(to_jsonb(v), '{}') || jsonb_build_object('code', l.code) || CASE
      WHEN p.result = 'HELD' AND v.id IS NOT NULL AND n.valid_for IS NOT NULL THEN jsonb_build_object(
        'expiration_date', (clock.t AT TIME ZONE $4 + n.valid_for) AT TIME ZONE $4)
      ELSE '{}' END ORDER BY l.position)
  FROM publication_vouchers l LEFT JOIN vouchers v ON v.project_id = $1 AND v.id = l.voucher_id
  LEFT JOIN campaigns n ON n.project_id = $1 AND n.id = p.campaign_id
  WHERE l.project_id = $1 AND l.publication_id = p.id))
FROM (SELECT now()::timestamptz(3) AS t) AS clock, publications p WHERE p.project_id = $1 AND p.id = ANY ($3::text[])

-- give_back --
-- A distribution that was deleted: up to $3 of its messages that wait will never go.
UPDATE distribution_messages m SET state = 'skipped', reason = 'deleted', updated_at = now()
WHERE m.project_id = $1 AND m.id = ANY (ARRAY(
  SELECT w.id FROM distribution_messages w
  WHERE w.project_id = $1 AND w.distribution_id = $2 AND w.state IN ('pending', 'held') ORDER BY w.id LIMIT $3))
RETURNING m.publication_id

-- is_known --
-- Whether there is, or was, that distribution.
SELECT count(*) > 0 FROM distributions d WHERE d.project_id = $1 AND d.id = $2

-- get_message --
-- One of a distribution.
SELECT m.id, m.distribution_id, m.customer_id, m.channel, m.event_id, m.state, m.publication_id, m.reason, m.receipt,
  m.fallback, m.tries, m.due_at, m.sent_at, m.created_at, m.updated_at
FROM distribution_messages m WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.id = $3

-- list_messages --
-- One page of a distribution's.
SELECT m.id, m.distribution_id, m.customer_id, m.channel, m.event_id, m.state, m.publication_id, m.reason, m.receipt,
  m.fallback, m.tries, m.due_at, m.sent_at, m.created_at, m.updated_at
FROM distribution_messages m WHERE m.project_id = $1{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}

-- count_messages --
-- Every match, whatever the page.
SELECT count(*) FROM distribution_messages m WHERE m.project_id = $1{filters}

-- decide_unknown --
-- A person knows what became of it: state $4, reason $5.
UPDATE distribution_messages m SET state = $4, reason = $5, updated_at = clock.t,
  sent_at = CASE WHEN $4 = 'accepted' THEN clock.t ELSE m.sent_at END,
  failed_at = CASE WHEN $4 = 'failed' THEN clock.t ELSE m.failed_at END
FROM (SELECT now() AS t) AS clock
WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.id = $3 AND m.state = 'unknown'
RETURNING m.publication_id

-- retry_failed --
-- Failed messages that could go now, at most $3, of $4 if that isn't null: from the start, but with the codes that
-- another channel has delivered.
WITH chosen AS (
  SELECT m.id FROM distribution_messages m
  WHERE m.project_id = $1 AND m.distribution_id = $2 AND m.state = 'failed'
    AND ($4::text[] IS NULL OR m.id = ANY ($4::text[]))
  ORDER BY m.id LIMIT $3
  FOR NO KEY UPDATE OF m
)
UPDATE distribution_messages m SET state = n.state, publication_id = n.publication_id, reason = NULL, receipt = NULL,
  fallback = false, tries = 0, due_at = clock.t, updated_at = clock.t
FROM (SELECT now() AS t) AS clock, (
  SELECT f.id, CASE WHEN p.id IS NULL THEN 'pending' ELSE 'held' END AS state, p.id AS publication_id
  FROM chosen JOIN distribution_messages f ON f.project_id = $1 AND f.id = chosen.id
  LEFT JOIN publications p ON p.project_id = $1 AND p.id = f.publication_id AND p.result IN ('SUCCESS', 'HELD')
) AS n
WHERE m.project_id = $1 AND m.id = n.id
RETURNING m.id

-- statistics --
-- How many messages are in which state, by channel and reason.
SELECT m.channel, m.state, m.reason, count(*) AS messages FROM distribution_messages m
WHERE m.project_id = $1 AND m.distribution_id = $2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 4 DESC

-- count_recipients --
-- How many people, and how many of them with an accepted message.
SELECT count(DISTINCT (m.customer_id, m.event_id)) AS recipients,
  count(DISTINCT (m.customer_id, m.event_id)) FILTER (WHERE m.state = 'accepted') AS reached
FROM distribution_messages m WHERE m.project_id = $1 AND m.distribution_id = $2

-- lines --
-- The next $4 lines of a distribution's file behind the message $3: one for each code, or one for who got none.
SELECT m.id, c.id AS customer_id, c.source_id, c.name, c.email, c.phone, l.code FROM distribution_messages m
LEFT JOIN customers c ON c.project_id = $1 AND c.id = m.customer_id AND c.deleted_at IS NULL
LEFT JOIN publication_vouchers l ON l.project_id = $1 AND l.publication_id = m.publication_id
WHERE m.project_id = $1 AND m.id = ANY (ARRAY(
  SELECT p.id FROM distribution_messages p WHERE p.project_id = $1 AND p.distribution_id = $2 AND p.state = 'accepted'
    AND p.channel = 'csv' AND p.id > $3 ORDER BY p.id LIMIT $4))
ORDER BY m.id, l.position
