-- Who is mailed when a pool gets low, from what address; and to whom it is still to be sent.
ALTER TABLE pool_alerts
  ADD COLUMN mail_from text COLLATE "C",
  ADD COLUMN mail_to text[] COLLATE "C" NOT NULL DEFAULT '{}',
  ADD COLUMN mail_left text[] COLLATE "C" NOT NULL DEFAULT '{}';
