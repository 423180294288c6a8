-- A change of a card's balance with the caller's own source_id is made once: the index decides between two at the same
-- moment. Until now the same source_id could change a balance again and again; those later changes stay as they are.
ALTER TABLE voucher_transactions ADD COLUMN is_repeat boolean NOT NULL DEFAULT false;
UPDATE voucher_transactions t SET is_repeat = true
WHERE t.source_id IS NOT NULL AND EXISTS (
  SELECT FROM voucher_transactions e
  WHERE e.project_id = t.project_id AND e.voucher_id = t.voucher_id AND e.source_id = t.source_id AND e.id < t.id);
CREATE UNIQUE INDEX voucher_transactions_source_id ON voucher_transactions (project_id, voucher_id, source_id)
  WHERE source_id IS NOT NULL AND NOT is_repeat;
