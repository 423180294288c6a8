-- Indexes of the lists at millions of rows.

-- These were partial indexes WHERE deleted_at IS NULL. As long as a table has no statistics the planner takes that
-- condition for very selective: it read such an index from end to end to find one row by its key. Now the condition is
-- read off the index, so that pages and counts still leave the table alone.
DROP INDEX vouchers_campaign;
CREATE INDEX vouchers_campaign ON vouchers (project_id, campaign_id, created_at, id) INCLUDE (deleted_at);
DROP INDEX vouchers_created_at;
CREATE INDEX vouchers_created_at ON vouchers (project_id, created_at, id) INCLUDE (deleted_at);
DROP INDEX exports_created_at;
CREATE INDEX exports_created_at ON exports (project_id, created_at, id) INCLUDE (deleted_at);
DROP INDEX customers_created_at;
CREATE INDEX customers_created_at ON customers (project_id, created_at, id) INCLUDE (deleted_at);

-- By their last change. What was never changed isn't in them: generation doesn't pay.
CREATE INDEX vouchers_updated_at ON vouchers (project_id, updated_at, id)
  WHERE updated_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX customers_updated_at ON customers (project_id, updated_at, id)
  WHERE updated_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX campaigns_updated_at ON campaigns (project_id, updated_at, id)
  WHERE updated_at IS NOT NULL AND deleted_at IS NULL;
