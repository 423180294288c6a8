-- A closed project's rows, table by table, at most $2 at a time. Every table of projects has its statement here, named
-- after it; a test compares them with the database's catalogue. Async actions go first: work that finds its own gone ends.

-- async_actions --
-- A chunk of them.
DELETE FROM async_actions WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM async_actions t WHERE t.project_id = $1 LIMIT $2))

-- distributions --
-- A chunk of them; before all that their messages are made of, so that nothing more is sent.
DELETE FROM distributions WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM distributions t WHERE t.project_id = $1 LIMIT $2))

-- payloads --
-- A chunk of them.
DELETE FROM payloads WHERE project_id = $1 AND (action_id, number) IN (
  SELECT t.action_id, t.number FROM payloads t WHERE t.project_id = $1 LIMIT $2)

-- events --
-- A chunk of them.
DELETE FROM events WHERE project_id = $1 AND (xid, seq) IN (
  SELECT t.xid, t.seq FROM events t WHERE t.project_id = $1 LIMIT $2)

-- publication_vouchers --
-- A chunk of them.
DELETE FROM publication_vouchers WHERE project_id = $1 AND (voucher_id, to_customer) IN (
  SELECT t.voucher_id, t.to_customer FROM publication_vouchers t WHERE t.project_id = $1 LIMIT $2)

-- publications --
-- A chunk of them.
DELETE FROM publications WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM publications t WHERE t.project_id = $1 LIMIT $2))

-- voucher_transactions --
-- A chunk of them.
DELETE FROM voucher_transactions WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM voucher_transactions t WHERE t.project_id = $1 LIMIT $2))

-- vouchers --
-- A chunk of them.
DELETE FROM vouchers WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM vouchers t WHERE t.project_id = $1 LIMIT $2))

-- counter_changes --
-- A chunk of them.
DELETE FROM counter_changes WHERE project_id = $1 AND (campaign_id, xid, seq) IN (
  SELECT t.campaign_id, t.xid, t.seq FROM counter_changes t WHERE t.project_id = $1 LIMIT $2)

-- campaign_counters --
-- A chunk of them.
DELETE FROM campaign_counters WHERE project_id = $1 AND campaign_id = ANY (ARRAY(
  SELECT t.campaign_id FROM campaign_counters t WHERE t.project_id = $1 LIMIT $2))

-- campaigns --
-- A chunk of them.
DELETE FROM campaigns WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM campaigns t WHERE t.project_id = $1 LIMIT $2))

-- customers --
-- A chunk of them.
DELETE FROM customers WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM customers t WHERE t.project_id = $1 LIMIT $2))

-- categories --
-- A chunk of them.
DELETE FROM categories WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM categories t WHERE t.project_id = $1 LIMIT $2))

-- metadata_schemas --
-- A chunk of them.
DELETE FROM metadata_schemas WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM metadata_schemas t WHERE t.project_id = $1 LIMIT $2))

-- bin_entries --
-- A chunk of them.
DELETE FROM bin_entries WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM bin_entries t WHERE t.project_id = $1 LIMIT $2))

-- validation_rules_assignments --
-- A chunk of them.
DELETE FROM validation_rules_assignments WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM validation_rules_assignments t WHERE t.project_id = $1 LIMIT $2))

-- validation_rules --
-- A chunk of them.
DELETE FROM validation_rules WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM validation_rules t WHERE t.project_id = $1 LIMIT $2))

-- segment_members --
-- A chunk of them.
DELETE FROM segment_members WHERE project_id = $1 AND (segment_id, customer_id) IN (
  SELECT t.segment_id, t.customer_id FROM segment_members t WHERE t.project_id = $1 LIMIT $2)

-- segments --
-- A chunk of them.
DELETE FROM segments WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM segments t WHERE t.project_id = $1 LIMIT $2))

-- export_pieces --
-- A chunk of them.
DELETE FROM export_pieces WHERE project_id = $1 AND (export_id, attempt, number) IN (
  SELECT t.export_id, t.attempt, t.number FROM export_pieces t WHERE t.project_id = $1 LIMIT $2)

-- exports --
-- A chunk of them.
DELETE FROM exports WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM exports t WHERE t.project_id = $1 LIMIT $2))

-- distribution_messages --
-- A chunk of them.
DELETE FROM distribution_messages WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM distribution_messages t WHERE t.project_id = $1 LIMIT $2))

-- distribution_activity --
-- A chunk of them.
DELETE FROM distribution_activity WHERE project_id = $1 AND (distribution_id, id) IN (
  SELECT t.distribution_id, t.id FROM distribution_activity t WHERE t.project_id = $1 LIMIT $2)

-- suppressions --
-- A chunk of them.
DELETE FROM suppressions WHERE project_id = $1 AND (channel, target) IN (
  SELECT t.channel, t.target FROM suppressions t WHERE t.project_id = $1 LIMIT $2)

-- webhook_attempts --
-- A chunk of them.
DELETE FROM webhook_attempts WHERE project_id = $1 AND (delivery_id, number) IN (
  SELECT t.delivery_id, t.number FROM webhook_attempts t WHERE t.project_id = $1 LIMIT $2)

-- webhook_deliveries --
-- A chunk of them.
DELETE FROM webhook_deliveries WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM webhook_deliveries t WHERE t.project_id = $1 LIMIT $2))

-- webhooks --
-- A chunk of them.
DELETE FROM webhooks WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM webhooks t WHERE t.project_id = $1 LIMIT $2))

-- referral_holders --
-- A chunk of them.
DELETE FROM referral_holders WHERE project_id = $1 AND (voucher_id, customer_id) IN (
  SELECT t.voucher_id, t.customer_id FROM referral_holders t WHERE t.project_id = $1 LIMIT $2)

-- referrals --
-- A chunk of them.
DELETE FROM referrals WHERE project_id = $1 AND (campaign_id, customer_id) IN (
  SELECT t.campaign_id, t.customer_id FROM referrals t WHERE t.project_id = $1 LIMIT $2)

-- pool_alerts --
-- A chunk of them.
DELETE FROM pool_alerts WHERE project_id = $1 AND campaign_id = ANY (ARRAY(
  SELECT t.campaign_id FROM pool_alerts t WHERE t.project_id = $1 LIMIT $2))

-- publication_hours --
-- A chunk of them.
DELETE FROM publication_hours WHERE project_id = $1 AND (hour, campaign_id, channel) IN (
  SELECT t.hour, t.campaign_id, t.channel FROM publication_hours t WHERE t.project_id = $1 LIMIT $2)

-- publication_days --
-- A chunk of them.
DELETE FROM publication_days WHERE project_id = $1 AND (day, campaign_id, channel) IN (
  SELECT t.day, t.campaign_id, t.channel FROM publication_days t WHERE t.project_id = $1 LIMIT $2)

-- uploads --
-- A chunk of them.
DELETE FROM uploads WHERE project_id = $1 AND id = ANY (ARRAY(
  SELECT t.id FROM uploads t WHERE t.project_id = $1 LIMIT $2))
