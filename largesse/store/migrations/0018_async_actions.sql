-- An async action is in progress from the start: clients ask again only while they see that.
UPDATE async_actions SET status = 'IN_PROGRESS' WHERE status = 'ENQUEUED';
ALTER TABLE async_actions ALTER COLUMN status SET DEFAULT 'IN_PROGRESS';
