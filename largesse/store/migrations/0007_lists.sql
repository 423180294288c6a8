-- What a filter finds by one of these is put in order of created_at from the index alone, however many there are.
DROP INDEX publications_customer;
CREATE INDEX publications_customer ON publications (project_id, customer_id, id) INCLUDE (created_at) WHERE result <> 'HELD';
DROP INDEX publications_tracking_id;
CREATE INDEX publications_tracking_id ON publications (project_id, tracking_id, id) INCLUDE (created_at) WHERE result <> 'HELD';
DROP INDEX publications_channel;
CREATE INDEX publications_channel ON publications (project_id, channel, id) INCLUDE (created_at) WHERE result <> 'HELD';

-- Deep pages of vouchers by code leave the table alone.
DROP INDEX vouchers_code_key;
CREATE UNIQUE INDEX vouchers_code_key ON vouchers (project_id, code_key) INCLUDE (deleted_at);
