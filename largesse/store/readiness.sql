-- Whether the database takes writes from this session. A control table of one row.

-- note_ready --
-- One write, as small as one can be.
INSERT INTO readiness AS r (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET checked_at = EXCLUDED.checked_at
