-- How many publications there were, by hour and by day of a project's local time: for pages that show ninety days at once.

-- fold --
-- The next $3 events of the log into the hours and days, and the reader's cursor behind them. How many events were read;
-- null when another process is at it. $2 is the project's time zone.
WITH place AS MATERIALIZED (
  SELECT xid, seq FROM event_cursors WHERE project_id = $1 AND reader = 'hours' FOR UPDATE SKIP LOCKED
), page AS MATERIALIZED (
  SELECT e.xid, e.seq, e.type,
    CASE WHEN e.type IN ('publication.succeeded', 'publication.failed') THEN e.data->'publication' END AS publication
  FROM events e
  WHERE e.project_id = $1 AND (e.xid, e.seq) > (SELECT xid, seq FROM place)
    AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY e.xid, e.seq LIMIT $3
), counted AS MATERIALIZED (
  SELECT date_trunc('hour', (publication->>'created_at')::timestamptz AT TIME ZONE $2::text) AS hour,
    coalesce(publication->>'campaign_id', '') AS campaign_id, publication->>'channel' AS channel,
    count(*) FILTER (WHERE type = 'publication.succeeded') AS succeeded,
    count(*) FILTER (WHERE type = 'publication.failed') AS failed
  FROM page WHERE publication IS NOT NULL GROUP BY 1, 2, 3
), by_hour AS (
  INSERT INTO publication_hours AS h (project_id, hour, campaign_id, channel, succeeded, failed)
  SELECT $1, c.hour, c.campaign_id, c.channel, c.succeeded, c.failed FROM counted c
  ON CONFLICT (project_id, hour, campaign_id, channel) DO UPDATE
    SET succeeded = h.succeeded + excluded.succeeded, failed = h.failed + excluded.failed
), by_day AS (
  INSERT INTO publication_days AS d (project_id, day, campaign_id, channel, succeeded, failed)
  SELECT $1, c.hour::date, c.campaign_id, c.channel, sum(c.succeeded), sum(c.failed) FROM counted c GROUP BY 2, 3, 4
  ON CONFLICT (project_id, day, campaign_id, channel) DO UPDATE
    SET succeeded = d.succeeded + excluded.succeeded, failed = d.failed + excluded.failed
), moved AS (
  UPDATE event_cursors c SET xid = last.xid, seq = last.seq, moved_at = clock_timestamp()
  FROM (SELECT xid, seq FROM page ORDER BY xid DESC, seq DESC LIMIT 1) last
  WHERE c.project_id = $1 AND c.reader = 'hours'
)
SELECT CASE WHEN EXISTS (SELECT FROM place) THEN (SELECT count(*) FROM page) END

-- by_day --
-- From the local day $2 on, day by day.
SELECT d.day, sum(d.succeeded)::bigint AS succeeded, sum(d.failed)::bigint AS failed
FROM publication_days d WHERE d.project_id = $1 AND d.day >= $2::date GROUP BY 1 ORDER BY 1

-- by_hour --
-- From the first hour of the local day $2 on, hour by hour.
SELECT h.hour, sum(h.succeeded)::bigint AS succeeded, sum(h.failed)::bigint AS failed
FROM publication_hours h WHERE h.project_id = $1 AND h.hour >= $2::date GROUP BY 1 ORDER BY 1

-- by_campaign --
-- The $3 campaigns with most of them, with their names as they are now; none for vouchers without a campaign.
SELECT t.campaign_id, c.name, t.succeeded, t.failed FROM (
  SELECT d.campaign_id, sum(d.succeeded)::bigint AS succeeded, sum(d.failed)::bigint AS failed
  FROM publication_days d WHERE d.project_id = $1 AND d.day >= $2::date
  GROUP BY 1 ORDER BY sum(d.succeeded + d.failed) DESC, 1 LIMIT $3) t
LEFT JOIN campaigns c ON c.project_id = $1 AND c.id = t.campaign_id
ORDER BY t.succeeded + t.failed DESC, t.campaign_id

-- by_channel --
-- The $3 channels with most of them.
SELECT d.channel, sum(d.succeeded)::bigint AS succeeded, sum(d.failed)::bigint AS failed
FROM publication_days d WHERE d.project_id = $1 AND d.day >= $2::date
GROUP BY 1 ORDER BY sum(d.succeeded + d.failed) DESC, 1 LIMIT $3

-- low_pools --
-- Campaigns of live codes whose pool is emptied soonest, judged by the last seven days: at most $3, those first that have
-- fewest days left. Only those that had publications since $2 or have no code left.
SELECT c.id, c.name, c.type, k.free, recent.succeeded
FROM (SELECT d.campaign_id, sum(d.succeeded)::bigint AS succeeded FROM publication_days d
      WHERE d.project_id = $1 AND d.day >= $2::date AND d.campaign_id <> '' GROUP BY 1) recent
JOIN campaigns c ON c.project_id = $1 AND c.id = recent.campaign_id AND c.deleted_at IS NULL AND c.active
  AND (c.expiration_date IS NULL OR c.expiration_date > now())
JOIN LATERAL (
  SELECT sum(n.vouchers - n.published - n.held - n.withdrawn - n.disabled)::bigint AS free
  FROM {counters} n WHERE n.campaign_id = c.id) k ON true
WHERE c.type = 'STATIC' AND recent.succeeded > 0
ORDER BY k.free::numeric / recent.succeeded, c.id LIMIT $3
