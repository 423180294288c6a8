-- Transactions of gift and loyalty cards, and the balances that they change.

-- change_balance --
-- Adds $3, or removes it when negative. No row when the balance would fall below 0, the total rise above $4, or the
-- voucher is no published or gift card any more: the row's lock makes whoever comes at the same moment see what is left.
UPDATE vouchers SET
  amount = amount + greatest($3::bigint, 0), subtracted = subtracted - least($3, 0), updated_at = now()
WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL
  AND (type = 'GIFT_VOUCHER' OR type = 'LOYALTY_CARD' AND holder_id IS NOT NULL)
  AND amount - subtracted - expired - redeemed + $3 >= 0 AND amount + $3 <= $4
RETURNING amount AS total, amount - subtracted - expired - redeemed AS balance

-- append_transaction --
-- In the transaction of the change.
INSERT INTO voucher_transactions
  (project_id, id, voucher_id, campaign_id, type, amount, total, balance, source, source_id, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING id, voucher_id, campaign_id, type, amount, total, balance, source, source_id, reason, related_transaction_id,
  details, created_at

-- find_by_source_id --
-- The change of the card $2 that the caller knows as $3.
SELECT t.id, t.voucher_id, t.campaign_id, t.type, t.amount, t.total, t.balance, t.source, t.source_id, t.reason,
  t.related_transaction_id, t.details, t.created_at
FROM voucher_transactions t
WHERE t.project_id = $1 AND t.voucher_id = $2 AND t.source_id = $3 AND NOT t.is_repeat

-- list_transactions --
-- Of a card, or of all cards of a campaign, also deleted ones.
SELECT t.id, t.voucher_id, t.campaign_id, t.type, t.amount, t.total, t.balance, t.source, t.source_id, t.reason,
  t.related_transaction_id, t.details, t.created_at
FROM voucher_transactions t
WHERE t.project_id = $1{filters}
ORDER BY {order} LIMIT {limit} OFFSET {offset}
