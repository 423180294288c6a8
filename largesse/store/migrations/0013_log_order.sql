-- The log's order is (xid, seq), and readers stop at the oldest transaction under way. A transaction may have its number long
-- before it changes something, and wait meanwhile for another one with a higher number to change the same thing first: by
-- its number alone its event would come before. So `xid` is a place that is never lower than the number of any
-- transaction that was complete when the event was written. Whoever waited for a lock writes his event after it was let go,
-- and so behind the one who had it; a place at or above the own number is still out of sight as long as the
-- transaction is under way.
ALTER TABLE events ALTER COLUMN xid
  SET DEFAULT greatest(pg_current_xact_id(), (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text::xid8);

-- A passive segment becomes auto-update when a distribution waits for who enters it: nobody has entered it before.
ALTER TABLE segments ADD COLUMN followed_since timestamptz(3);
