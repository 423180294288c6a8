-- Counters without a hot row. Whoever changes what is counted adds a row of differences here; the row of the campaign in
-- campaign_counters is what they were added to last. The counters are both together, in any snapshot. Now and then
-- somebody folds: removes changes and adds them to the row, in one statement.
CREATE TABLE counter_changes (
  project_id int NOT NULL,
  campaign_id text COLLATE "C" NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seq bigint GENERATED ALWAYS AS IDENTITY,
  vouchers bigint NOT NULL DEFAULT 0,
  published bigint NOT NULL DEFAULT 0,
  held bigint NOT NULL DEFAULT 0,
  withdrawn bigint NOT NULL DEFAULT 0,
  disabled bigint NOT NULL DEFAULT 0,
  publications bigint NOT NULL DEFAULT 0,
  failures bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (project_id, campaign_id, xid, seq)
);

-- No change of an older transaction is left: nobody walks over those that were folded and can't be cleaned up yet.
ALTER TABLE campaign_counters ADD COLUMN changes_from xid8 NOT NULL DEFAULT '0';
