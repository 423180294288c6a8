-- The counters of campaigns: a row for each, and the changes that weren't added to it yet (docs/semantics/counter.md).

-- counters --
-- What the counters of a project are: several rows a campaign, to be added up. It stands within other statements (see
-- sql.py) and may be asked for one campaign or for all.
SELECT k.campaign_id, k.vouchers, k.published, k.held, k.withdrawn, k.disabled, k.publications, k.failures, 0 AS changes
FROM campaign_counters k WHERE k.project_id = $1
UNION ALL
SELECT k.campaign_id, c.vouchers, c.published, c.held, c.withdrawn, c.disabled, c.publications, c.failures, 1
FROM campaign_counters k CROSS JOIN LATERAL (
  SELECT c.* FROM counter_changes c
  WHERE c.project_id = $1 AND c.campaign_id = k.campaign_id AND c.xid >= k.changes_from
  OFFSET 0) c  -- else the planner may walk over all changes of the campaign, and only then look at their age
WHERE k.project_id = $1

-- change_counters --
-- Moves the counters of one campaign ('' is: no campaign) by differences, and says how many changes there were before.
-- A change without a campaign's row would be seen by nobody.
WITH before AS MATERIALIZED (SELECT sum(k.changes)::int AS changes FROM {counters} k WHERE k.campaign_id = $2),
opened AS (
  INSERT INTO campaign_counters (project_id, campaign_id) SELECT $1, $2 FROM before WHERE before.changes IS NULL
  ON CONFLICT DO NOTHING),
changed AS (
  INSERT INTO counter_changes (project_id, campaign_id, vouchers, published, held, withdrawn, disabled, publications, failures)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))
SELECT coalesce(before.changes, 0) FROM before

-- horizon --
-- The oldest transaction under way: what began later is not older. '0' on Citus, whose nodes count for themselves.
SELECT coalesce((SELECT '0' FROM pg_catalog.pg_extension WHERE extname = 'citus'),
  pg_snapshot_xmin(pg_current_snapshot())::text)

-- fold_changes --
-- Removes the changes of a campaign and adds them to its row, unless somebody else is at it: both or neither is seen. All
-- that is left then was written by a transaction that this one doesn't see, so none is older than $3, the horizon of before.
WITH held AS MATERIALIZED (
  SELECT k.changes_from FROM campaign_counters k WHERE k.project_id = $1 AND k.campaign_id = $2
  FOR NO KEY UPDATE SKIP LOCKED),
folded AS (
  DELETE FROM counter_changes c USING held
  WHERE c.project_id = $1 AND c.campaign_id = $2 AND c.xid >= held.changes_from
  RETURNING c.*),
added AS (
  SELECT count(*) AS changes, sum(vouchers) AS vouchers, sum(published) AS published, sum(f.held) AS held,
    sum(withdrawn) AS withdrawn, sum(disabled) AS disabled, sum(publications) AS publications, sum(failures) AS failures
  FROM folded f)
UPDATE campaign_counters k SET vouchers = k.vouchers + added.vouchers, published = k.published + added.published,
  held = k.held + added.held, withdrawn = k.withdrawn + added.withdrawn, disabled = k.disabled + added.disabled,
  publications = k.publications + added.publications, failures = k.failures + added.failures,
  changes_from = $3::text::xid8
FROM added WHERE added.changes > 0 AND k.project_id = $1 AND k.campaign_id = $2

-- settle_counters --
-- A database that was restored from a dump counts its transactions anew: nothing of before is a bound.
UPDATE campaign_counters SET changes_from = '0'
WHERE project_id = $1 AND changes_from > pg_snapshot_xmax(pg_current_snapshot())

-- total_vouchers --
-- All vouchers of a project outside the bin.
SELECT coalesce(sum(k.vouchers), 0)::bigint FROM {counters} k

-- free_vouchers --
-- How many codes of a campaign the pool has: as exact as the counters, which the sweeper brings up to the clock.
SELECT coalesce(sum(k.vouchers - k.published - k.held - k.withdrawn - k.disabled), 0)::bigint
FROM {counters} k WHERE k.campaign_id = $2

-- open_counters --
-- The row of a new campaign.
INSERT INTO campaign_counters (project_id, campaign_id, vouchers) VALUES ($1, $2, $3)

-- pools --
-- The counters of the campaigns $2.
SELECT k.campaign_id, sum(k.vouchers)::bigint AS vouchers, sum(k.published)::bigint AS published,
  sum(k.held)::bigint AS held, sum(k.withdrawn)::bigint AS withdrawn, sum(k.disabled)::bigint AS disabled,
  sum(k.publications)::bigint AS publications, sum(k.failures)::bigint AS failures
FROM {counters} k WHERE k.campaign_id = ANY ($2::text[]) GROUP BY k.campaign_id
