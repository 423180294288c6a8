-- The promises (docs/semantics/promises.md) as questions to a live database. Each answers with the rows that break it.
-- $1 project, $2 how many rows to show.

-- I1_one_success_per_voucher --
-- A voucher has at most one successful publication to a customer and at most one without.
SELECT voucher_id, to_customer, count(*) AS publications FROM publication_vouchers
WHERE project_id = $1 GROUP BY voucher_id, to_customer HAVING count(*) > 1 LIMIT $2

-- I1_no_code_to_two_customers --
-- No code stands in successful publications to two customers.
SELECT l.code, count(DISTINCT p.customer_id) AS customers
FROM publication_vouchers l JOIN publications p ON p.project_id = $1 AND p.id = l.publication_id AND p.result = 'SUCCESS'
JOIN vouchers v ON v.project_id = $1 AND v.id = l.voucher_id
WHERE l.project_id = $1 AND p.customer_id IS NOT NULL
GROUP BY l.code HAVING count(DISTINCT p.customer_id) > 1 LIMIT $2

-- I1_publications_have_their_vouchers --
-- A successful publication names exactly as many vouchers as it says; a failure none.
SELECT p.id AS publication_id, p.vouchers_count, count(l.voucher_id) AS links
FROM publications p LEFT JOIN publication_vouchers l ON l.project_id = $1 AND l.publication_id = p.id
WHERE p.project_id = $1 GROUP BY p.id, p.vouchers_count HAVING p.vouchers_count <> count(l.voucher_id) LIMIT $2

-- I3_source_id_once --
-- A publication source_id belongs to one success.
SELECT source_id, count(*) AS publications FROM publications
WHERE project_id = $1 AND result = 'SUCCESS' AND source_id IS NOT NULL
GROUP BY source_id HAVING count(*) > 1 LIMIT $2

-- I4_one_first_publication --
-- A customer has exactly one first publication of every campaign that gave him codes.
SELECT campaign_id, customer_id, count(*) FILTER (WHERE first_of_customer) AS firsts FROM publications
WHERE project_id = $1 AND result IN ('SUCCESS', 'HELD') AND campaign_id IS NOT NULL AND customer_id IS NOT NULL
GROUP BY campaign_id, customer_id HAVING count(*) FILTER (WHERE first_of_customer) <> 1 LIMIT $2

-- I5_voucher_counters --
-- Every campaign's counters are the counts of its vouchers, the binned ones left out.
SELECT campaign_id, counted.vouchers, k.vouchers AS counter_vouchers, counted.published, k.published AS counter_published,
  counted.held, k.held AS counter_held, counted.withdrawn, k.withdrawn AS counter_withdrawn,
  counted.disabled, k.disabled AS counter_disabled
FROM (
  SELECT coalesce(campaign_id, '') AS campaign_id, count(*) AS vouchers, count(*) FILTER (WHERE state IN (2, 3)) AS published,
    count(*) FILTER (WHERE state = 1) AS held, count(*) FILTER (WHERE state = 4) AS withdrawn,
    count(*) FILTER (WHERE state = 0 AND NOT active) AS disabled
  FROM vouchers WHERE project_id = $1 AND deleted_at IS NULL GROUP BY coalesce(campaign_id, '')) counted
FULL JOIN (
  SELECT n.campaign_id, sum(n.vouchers)::bigint AS vouchers, sum(n.published)::bigint AS published,
    sum(n.held)::bigint AS held, sum(n.withdrawn)::bigint AS withdrawn, sum(n.disabled)::bigint AS disabled,
    sum(n.publications)::bigint AS publications, sum(n.failures)::bigint AS failures
  FROM {counters} n GROUP BY n.campaign_id) k USING (campaign_id)
WHERE (coalesce(counted.vouchers, 0), coalesce(counted.published, 0), coalesce(counted.held, 0),
    coalesce(counted.withdrawn, 0), coalesce(counted.disabled, 0))
  IS DISTINCT FROM (coalesce(k.vouchers, 0), coalesce(k.published, 0), coalesce(k.held, 0),
    coalesce(k.withdrawn, 0), coalesce(k.disabled, 0))
LIMIT $2

-- I5_held_by_a_running_export --
-- What an export holds is held, and the export is still at work: otherwise nobody gives it back.
SELECT v.id AS voucher_id, v.state, v.held_by, e.phase
FROM vouchers v LEFT JOIN exports e ON e.project_id = $1 AND e.id = v.held_by
WHERE v.project_id = $1 AND starts_with(v.held_by, 'exp_') AND (v.state <> 1 OR e.phase IS NULL) LIMIT $2

-- I5_held_by_a_distribution_that_knows --
-- What a distribution holds is held for somebody: its publication is HELD, and a message of it isn't decided yet.
SELECT v.id AS voucher_id, v.state, v.held_by, p.id AS publication_id, p.result
FROM vouchers v
LEFT JOIN publication_vouchers l ON l.project_id = $1 AND l.voucher_id = v.id AND l.to_customer
LEFT JOIN publications p ON p.project_id = $1 AND p.id = l.publication_id
WHERE v.project_id = $1 AND starts_with(v.held_by, 'distr_') AND (v.state <> 1 OR p.result IS DISTINCT FROM 'HELD'
  OR NOT EXISTS (SELECT FROM distribution_messages m WHERE m.project_id = $1 AND m.publication_id = p.id
    AND m.distribution_id = v.held_by AND m.state IN ('held', 'sending', 'unknown')))
LIMIT $2

-- I5_a_hold_waits_for_a_message --
-- Every held publication is that of a message that isn't decided yet: otherwise nobody ever ends it.
SELECT p.id AS publication_id, p.customer_id FROM publications p
WHERE p.project_id = $1 AND p.result = 'HELD' AND NOT EXISTS (
  SELECT FROM distribution_messages m WHERE m.project_id = $1 AND m.publication_id = p.id
    AND m.state IN ('held', 'sending', 'unknown'))
LIMIT $2

-- I9_one_message --
-- Nobody has two messages of one distribution, channel and event.
SELECT distribution_id, customer_id, channel, event_id, count(*) AS messages FROM distribution_messages
WHERE project_id = $1 GROUP BY distribution_id, customer_id, channel, event_id HAVING count(*) > 1 LIMIT $2

-- I9_an_accepted_message_published_its_codes --
-- What was accepted is published: the codes that it carried are the recipient's.
SELECT m.id AS message_id, m.publication_id, p.result FROM distribution_messages m
LEFT JOIN publications p ON p.project_id = $1 AND p.id = m.publication_id
WHERE m.project_id = $1 AND m.state = 'accepted' AND m.publication_id IS NOT NULL
  AND p.result IS DISTINCT FROM 'SUCCESS'
LIMIT $2

-- I5_publication_counters --
-- Every campaign's counters are the counts of its publications.
SELECT campaign_id, counted.publications, k.publications AS counter_publications, counted.failures,
  k.failures AS counter_failures
FROM (
  SELECT coalesce(campaign_id, '') AS campaign_id, count(*) FILTER (WHERE result = 'SUCCESS') AS publications,
    count(*) FILTER (WHERE result = 'FAILURE') AS failures
  FROM publications WHERE project_id = $1 GROUP BY coalesce(campaign_id, '')) counted
FULL JOIN (
  SELECT n.campaign_id, sum(n.vouchers)::bigint AS vouchers, sum(n.published)::bigint AS published,
    sum(n.held)::bigint AS held, sum(n.withdrawn)::bigint AS withdrawn, sum(n.disabled)::bigint AS disabled,
    sum(n.publications)::bigint AS publications, sum(n.failures)::bigint AS failures
  FROM {counters} n GROUP BY n.campaign_id) k USING (campaign_id)
WHERE (coalesce(counted.publications, 0), coalesce(counted.failures, 0))
  IS DISTINCT FROM (coalesce(k.publications, 0), coalesce(k.failures, 0))
LIMIT $2

-- I5_publication_hours --
-- The hourly counts of what was read of the log are the counts of those publications. Cursor and counts move together.
SELECT campaign_id, counted.succeeded, h.succeeded AS counter_succeeded, counted.failed, h.failed AS counter_failed
FROM (
  SELECT coalesce(p.campaign_id, '') AS campaign_id, count(*) FILTER (WHERE p.result = 'SUCCESS') AS succeeded,
    count(*) FILTER (WHERE p.result = 'FAILURE') AS failed
  FROM event_cursors c
  JOIN events e ON e.project_id = $1 AND (e.xid, e.seq) <= (c.xid, c.seq)
    AND e.type IN ('publication.succeeded', 'publication.failed')
  JOIN publications p ON p.project_id = $1 AND p.id = e.entity_id
  WHERE c.project_id = $1 AND c.reader = 'hours' GROUP BY coalesce(p.campaign_id, '')) counted
FULL JOIN (
  SELECT campaign_id, sum(succeeded)::bigint AS succeeded, sum(failed)::bigint AS failed FROM publication_hours
  WHERE project_id = $1 GROUP BY campaign_id) h USING (campaign_id)
WHERE (coalesce(counted.succeeded, 0), coalesce(counted.failed, 0))
  IS DISTINCT FROM (coalesce(h.succeeded, 0), coalesce(h.failed, 0))
LIMIT $2

-- I5_publication_days --
-- The daily counts are the hourly ones added up.
SELECT day, campaign_id, channel, counted.succeeded, d.succeeded AS counter_succeeded, counted.failed,
  d.failed AS counter_failed
FROM (
  SELECT hour::date AS day, campaign_id, channel, sum(succeeded)::bigint AS succeeded, sum(failed)::bigint AS failed
  FROM publication_hours WHERE project_id = $1 GROUP BY 1, 2, 3) counted
FULL JOIN (
  SELECT day, campaign_id, channel, succeeded, failed FROM publication_days WHERE project_id = $1) d
  USING (day, campaign_id, channel)
WHERE (coalesce(counted.succeeded, 0), coalesce(counted.failed, 0))
  IS DISTINCT FROM (coalesce(d.succeeded, 0), coalesce(d.failed, 0))
LIMIT $2

-- I6_published_means_held_by_a_customer --
-- Published to a customer, having a holder, and having a link to that customer are the same thing.
SELECT v.id AS voucher_id, v.state, v.holder_id, l.customer_id AS link_customer_id
FROM (SELECT * FROM vouchers WHERE project_id = $1) v
FULL JOIN (SELECT * FROM publication_vouchers WHERE project_id = $1 AND to_customer) l ON l.voucher_id = v.id
WHERE v.id IS NOT NULL AND v.deleted_at IS NULL
  AND NOT ((v.state = 3) = (v.holder_id IS NOT NULL)
    AND (v.state IN (1, 3)) >= (l.voucher_id IS NOT NULL) AND (v.state = 3) <= (l.voucher_id IS NOT NULL)
    AND (v.holder_id IS NULL OR v.holder_id = l.customer_id))
LIMIT $2

-- I7_links_stay_in_their_project --
-- Every link's publication, and every successful publication's customer, is in the same project.
SELECT l.publication_id, l.voucher_id FROM publication_vouchers l
LEFT JOIN publications p ON p.project_id = $1 AND p.id = l.publication_id
LEFT JOIN customers c ON c.project_id = $1 AND c.id = l.customer_id
WHERE l.project_id = $1 AND (p.id IS NULL OR (l.customer_id IS NOT NULL AND c.id IS NULL)) LIMIT $2

-- I5_removals_add_up --
-- What was removed from a card is the sum of its removals.
SELECT v.id AS voucher_id, v.subtracted, t.removed
FROM vouchers v
LEFT JOIN (
  SELECT voucher_id, -sum(amount) AS removed FROM voucher_transactions
  WHERE project_id = $1 AND type IN ('CREDITS_REMOVAL', 'POINTS_REMOVAL') GROUP BY voucher_id
) AS t ON t.voucher_id = v.id
WHERE v.project_id = $1 AND v.subtracted <> coalesce(t.removed, 0) LIMIT $2

-- I8_publications_have_their_event --
-- Every publication, success or failure, left its event.
SELECT p.id AS publication_id, p.result FROM publications p
WHERE p.project_id = $1 AND p.result IN ('SUCCESS', 'FAILURE')
  AND NOT EXISTS (SELECT FROM events e WHERE e.project_id = $1 AND e.entity_id = p.id AND e.type LIKE 'publication.%')
LIMIT $2

-- I8_no_delivery_vanished --
-- Of what a webhook wants and nobody changed since it was made, everything that was read has a delivery.
SELECT w.id AS webhook_id, e.id AS event_id
FROM webhooks w
JOIN event_cursors c ON c.project_id = $1 AND c.reader = 'webhooks'
JOIN events e ON e.project_id = $1 AND (e.xid, e.seq) <= (c.xid, c.seq) AND e.type = ANY (w.events)
  AND e.created_at >= w.created_at AND e.created_at > now() - interval '6 days'
WHERE w.project_id = $1 AND w.active AND w.updated_at IS NULL AND NOT EXISTS (
  SELECT FROM webhook_deliveries d WHERE d.project_id = $1 AND d.webhook_id = w.id AND d.event_id = e.id)
LIMIT $2

-- I8_pending_deliveries_have_their_turn --
-- What is to be sent will be: the webhook's turn comes no later than the delivery is due, or is now.
SELECT d.id AS delivery_id, d.webhook_id FROM webhook_deliveries d
WHERE d.project_id = $1 AND d.status = 'PENDING' AND NOT EXISTS (
  SELECT FROM webhook_turns t
  WHERE t.project_id = $1 AND t.webhook_id = d.webhook_id AND (t.worker IS NOT NULL OR t.due_at <= d.due_at))
  AND NOT EXISTS (SELECT FROM webhooks w WHERE w.project_id = $1 AND w.id = d.webhook_id AND w.deleted_at IS NOT NULL)
LIMIT $2

-- I8_what_ended_says_why --
-- A delivered message was accepted once; a parked one has its reason.
SELECT d.id AS delivery_id, d.status FROM webhook_deliveries d
WHERE d.project_id = $1 AND (d.status = 'PARKED' AND d.reason IS NULL
  OR d.status = 'DELIVERED' AND NOT EXISTS (SELECT FROM webhook_attempts a
    WHERE a.project_id = $1 AND a.delivery_id = d.id AND a.result = 'accepted'))
LIMIT $2

-- I8_every_attempt_is_recorded --
-- As many as the delivery counts.
SELECT d.id AS delivery_id, d.attempts, count(a.number) AS recorded
FROM webhook_deliveries d LEFT JOIN webhook_attempts a ON a.project_id = $1 AND a.delivery_id = d.id
WHERE d.project_id = $1 GROUP BY d.id, d.attempts HAVING d.attempts <> count(a.number) LIMIT $2

-- I8_no_reader_is_ahead --
-- A reader stands at what was committed; beyond that it would miss what comes (a log that was restored from a dump).
SELECT c.reader, c.xid::text AS xid FROM event_cursors c
WHERE c.project_id = $1 AND c.xid > pg_snapshot_xmax(pg_current_snapshot()) LIMIT $2

-- guards --
-- The unique indexes that hold the promises: which of them stand and are valid.
SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indisunique AND i.indisvalid AND c.relname = ANY ($1::text[])
