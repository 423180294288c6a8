-- What a webhook is told doesn't change between two tries: written down before the first. Null for other channels, and when
-- nothing more will be sent.
ALTER TABLE distribution_messages ADD COLUMN body text COLLATE "C";
-- When a message had failed for good; it stays when somebody lets it go again.
ALTER TABLE distribution_messages ADD COLUMN failed_at timestamptz(3);
-- What of the event that triggered a message its texts can name, as it was.
ALTER TABLE distribution_messages ADD COLUMN facts jsonb;
