-- What stands between the cells of an upload, and what it is encoded in, where its owner has said so.
ALTER TABLE uploads ADD COLUMN delimiter text COLLATE "C", ADD COLUMN encoding text COLLATE "C";
