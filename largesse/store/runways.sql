-- count_recent --
-- What is left of the campaign $2, and the codes of its newest publications, at most $4, not older than $3 seconds: how many
-- codes and publications, and the age of the oldest and of the campaign itself. By index, however many there are.
SELECT coalesce(max(k.free), 0)::bigint AS free,
  coalesce(max(recent.codes), 0)::bigint AS codes, coalesce(max(recent.publications), 0)::int AS publications,
  now() - max(recent.oldest) AS oldest_age, now() - max(c.created_at) AS age
FROM campaigns c
CROSS JOIN LATERAL (
  SELECT sum(n.vouchers - n.published - n.held - n.withdrawn - n.disabled) AS free FROM {counters} n WHERE n.campaign_id = $2
) k
CROSS JOIN LATERAL (
  SELECT sum(latest.vouchers_count) AS codes, count(*) AS publications, min(latest.created_at) AS oldest FROM (
    SELECT p.vouchers_count, p.created_at FROM publications p
    WHERE p.project_id = $1 AND p.campaign_id = $2 AND p.result <> 'HELD' AND p.result = 'SUCCESS'
      AND p.created_at >= now() - make_interval(secs => $3)
    ORDER BY p.created_at DESC, p.id DESC LIMIT $4) latest) recent
WHERE c.project_id = $1 AND c.id = $2

-- get_alert --
-- Below how many days somebody wants to know.
SELECT below_days, mail_from, mail_to FROM pool_alerts WHERE project_id = $1 AND campaign_id = $2

-- set_alert --
-- A new limit is looked at anew: whoever was told of another one is told of this one, too.
INSERT INTO pool_alerts AS a (project_id, campaign_id, below_days) VALUES ($1, $2, $3)
ON CONFLICT (project_id, campaign_id) DO UPDATE SET below_days = excluded.below_days, is_low = false,
  checked_at = '-infinity'
WHERE a.below_days <> excluded.below_days

-- set_mail --
-- Who is mailed, and from where.
UPDATE pool_alerts SET mail_from = $3, mail_to = $4 WHERE project_id = $1 AND campaign_id = $2

-- mail_due --
-- To whom it is still to be said.
SELECT mail_from, mail_left FROM pool_alerts
WHERE project_id = $1 AND campaign_id = $2 AND mail_from IS NOT NULL AND mail_left <> '{}'

-- mailed --
-- These have it, or can't get it; null: nobody is tried any more.
UPDATE pool_alerts SET mail_left = CASE WHEN $3::text[] IS NULL THEN '{}' ELSE ARRAY(
  SELECT a FROM unnest(mail_left) AS a WHERE a <> ALL ($3::text[])) END
WHERE project_id = $1 AND campaign_id = $2

-- drop_alert --
-- Nobody wants to know any more.
DELETE FROM pool_alerts WHERE project_id = $1 AND campaign_id = $2

-- claim_alerts --
-- Those that weren't looked at for $2 seconds, at most $3, for this transaction alone.
SELECT campaign_id, below_days, is_low, mail_to FROM pool_alerts
WHERE project_id = $1 AND checked_at < now() - make_interval(secs => $2)
ORDER BY checked_at LIMIT $3 FOR UPDATE SKIP LOCKED

-- save_check --
-- What was found; $4: whether those who are to be mailed are.
UPDATE pool_alerts SET is_low = $3, checked_at = now(), mail_left = CASE WHEN $4::bool THEN mail_to ELSE mail_left END
WHERE project_id = $1 AND campaign_id = $2
