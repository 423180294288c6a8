-- Segments, and the indexes that a customer's wallet, summaries and activity are read by.

-- `slot` is what limits their number: the lowest free one is taken, and segments_slot decides between two who saw the
-- same one free. Filter segments have the slots up to 100, static ones those above.
CREATE TABLE segments (
  project_id int NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL CHECK (type IN ('static', 'passive', 'auto-update')),
  filter jsonb,                                     -- as it was sent; null for a static one
  slot int NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, id),
  CONSTRAINT segments_filter CHECK ((type = 'static') = (filter IS NULL))
);
CREATE UNIQUE INDEX segments_slot ON segments (project_id, slot);
CREATE INDEX segments_created_at ON segments (project_id, created_at, id);

-- Who is in a static segment. The others have no rows: their filter is asked.
CREATE TABLE segment_members (
  project_id int NOT NULL,
  segment_id text COLLATE "C" NOT NULL,
  customer_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (project_id, segment_id, customer_id)
);
CREATE INDEX segment_members_customer ON segment_members (project_id, customer_id, segment_id);

-- The same promise as before, in an index that only a look-up by source_id can use. Without statistics the planner takes
-- a condition like "deleted_at IS NULL" for very selective: to find customers by id it read this index from end to end.
DROP INDEX customers_source_id;
CREATE UNIQUE INDEX customers_source_id ON customers (project_id, source_id)
  WHERE deleted_at IS NULL AND source_id IS NOT NULL;

-- Balances by holder. Discount vouchers have none and don't pay for it.
CREATE INDEX vouchers_cards ON vouchers (project_id, holder_id) WHERE holder_id IS NOT NULL AND type <> 'DISCOUNT_VOUCHER';

-- What happened to a customer, or to a voucher that is gone. Publications are looked up by their own index instead: the
-- event of a publication, which is most of them, doesn't pay for this one.
CREATE INDEX events_of_customers ON events (project_id, entity_id, created_at, id)
  WHERE type IN ('customer.created', 'customer.updated', 'customer.deleted', 'voucher.deleted');
