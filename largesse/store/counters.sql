-- change_counters --
-- Moves the counters of one campaign ('' is: no campaign) by differences. Call it last in a transaction: this row is
-- where everybody meets.
INSERT INTO campaign_counters AS k (project_id, campaign_id, vouchers, published, held, withdrawn, disabled, publications, failures)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (project_id, campaign_id) DO UPDATE SET
  vouchers = k.vouchers + excluded.vouchers,
  published = k.published + excluded.published,
  held = k.held + excluded.held,
  withdrawn = k.withdrawn + excluded.withdrawn,
  disabled = k.disabled + excluded.disabled,
  publications = k.publications + excluded.publications,
  failures = k.failures + excluded.failures

-- total_vouchers --
-- All vouchers of a project outside the bin.
SELECT coalesce(sum(vouchers), 0)::bigint FROM campaign_counters WHERE project_id = $1

-- free_vouchers --
-- How many codes of a campaign the pool has: as exact as the counters, which the sweeper brings up to the clock.
SELECT coalesce(sum(k.vouchers - k.published - k.held - k.withdrawn - k.disabled), 0)::bigint
FROM campaign_counters k WHERE k.project_id = $1 AND k.campaign_id = $2

-- open_counters --
-- The row of a new campaign.
INSERT INTO campaign_counters (project_id, campaign_id, vouchers) VALUES ($1, $2, $3)

-- pools --
-- The counters of the campaigns $2.
SELECT k.campaign_id, sum(k.vouchers)::bigint AS vouchers, sum(k.published)::bigint AS published,
  sum(k.held)::bigint AS held, sum(k.withdrawn)::bigint AS withdrawn, sum(k.disabled)::bigint AS disabled,
  sum(k.publications)::bigint AS publications, sum(k.failures)::bigint AS failures
FROM campaign_counters k WHERE k.project_id = $1 AND k.campaign_id = ANY ($2::text[]) GROUP BY k.campaign_id
