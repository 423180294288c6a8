-- What somebody would write by hand to publish one code of a campaign: one statement and one round trip for each code,
-- on Largesse's own tables with all their indexes, with none of its rules. For pgbench. Every second request is a new
-- customer, as in the load that Largesse gets; ids are as long as ours and ordered by time.
-- -D project, campaign, run (a prefix of the customers' source ids), asked=0, and counted: 1 keeps the campaign's counter
-- row, as the job demands; 0 leaves it out, which is less than the job, to show what that one hot row costs.
\set start random(0, 2147483647) * 4294967296 + random(0, 4294967295)
\set person :asked / 2
\set asked :asked + 1
WITH
fresh AS MATERIALIZED (
  SELECT lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 11, '0') || md5((:start)::bigint::text) AS tail),
known AS MATERIALIZED (
  SELECT * FROM customers
  WHERE project_id = (:project)::int AND source_id = (:run)::text || (:client_id)::int || '-' || (:person)::int
    AND deleted_at IS NULL),
made AS (
  INSERT INTO customers (project_id, id, source_id, name)
  SELECT (:project)::int, 'cust_' || left(tail, 24), (:run)::text || (:client_id)::int || '-' || (:person)::int, 'Load' FROM fresh
  WHERE NOT EXISTS (SELECT FROM known)
  ON CONFLICT DO NOTHING
  RETURNING *),
person AS MATERIALIZED (SELECT false AS is_new, * FROM known UNION ALL SELECT true, * FROM made),
-- A random start, and once around when nothing is behind it.
behind AS MATERIALIZED (
  SELECT id, code FROM vouchers
  WHERE project_id = (:project)::int AND campaign_id = (:campaign)::text AND state = 0 AND active AND pick_key >= (:start)::bigint
  ORDER BY pick_key LIMIT 1 FOR UPDATE SKIP LOCKED),
before AS MATERIALIZED (
  SELECT id, code FROM vouchers
  WHERE NOT EXISTS (SELECT FROM behind)
    AND project_id = (:project)::int AND campaign_id = (:campaign)::text AND state = 0 AND active AND pick_key < (:start)::bigint
  ORDER BY pick_key LIMIT 1 FOR UPDATE SKIP LOCKED),
picked AS MATERIALIZED (SELECT * FROM behind UNION ALL SELECT * FROM before),
given AS (
  UPDATE vouchers v SET state = 3, holder_id = person.id, publish_count = v.publish_count + 1, updated_at = now()
  FROM picked, person
  WHERE v.project_id = (:project)::int AND v.id = picked.id
  RETURNING v.*),
published AS (
  INSERT INTO publications (project_id, id, result, campaign_id, customer_id, tracking_id, channel, vouchers_count,
    first_code, voucher_type, first_of_customer)
  SELECT (:project)::int, 'pub_' || left(tail, 32), 'SUCCESS', (:campaign)::text, person.id, person.source_id, 'API', 1,
    given.code, given.type, person.is_new
  FROM fresh, person, given
  RETURNING *),
link AS (
  INSERT INTO publication_vouchers (project_id, voucher_id, to_customer, id, publication_id, position, code, customer_id)
  SELECT (:project)::int, given.id, true, 'rh_' || left(tail, 18), published.id, 1, given.code, published.customer_id
  FROM fresh, given, published),
event AS (
  INSERT INTO events (project_id, id, type, entity_id, data, actor)
  SELECT (:project)::int, 'ev_' || left(tail, 32), 'publication.succeeded', published.id,
    jsonb_build_object('publication', to_jsonb(published), 'customer', to_jsonb(person), 'campaign', to_jsonb(c),
      'vouchers', jsonb_build_array(to_jsonb(given))), 'anchor'
  FROM fresh, published, person, given
  JOIN campaigns c ON c.project_id = (:project)::int AND c.id = (:campaign)::text
  UNION ALL
  SELECT (:project)::int, 'ev_' || left(tail, 24), 'customer.created', made.id,
    jsonb_build_object('customer', to_jsonb(made)), 'anchor' FROM fresh, made),
counter AS (
  UPDATE campaign_counters SET published = published + 1, publications = publications + 1
  WHERE (:counted)::int = 1 AND project_id = (:project)::int AND campaign_id = (:campaign)::text
    AND EXISTS (SELECT FROM published))
SELECT published.id, published.created_at, given.code FROM published, given;
