-- Exports: what was asked, how far it came, and the files, which any process that has the database can serve.

ALTER TABLE projects ADD COLUMN publish_on_voucher_export boolean NOT NULL DEFAULT true;

-- Who holds a voucher in state 1: an export's id, until its file is whole.
ALTER TABLE vouchers ADD COLUMN held_by text COLLATE "C";
CREATE INDEX vouchers_held_by ON vouchers (project_id, held_by, id) WHERE held_by IS NOT NULL;

CREATE TABLE exports (
  project_id int NOT NULL,
  id text COLLATE "C" NOT NULL,
  exported_object text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL DEFAULT 'SCHEDULED' CHECK (status IN ('SCHEDULED', 'IN_PROGRESS', 'DONE', 'ERROR')),
  channel text COLLATE "C" NOT NULL DEFAULT 'API',
  user_id text COLLATE "C",
  parameters jsonb NOT NULL,                        -- as the answer shows them
  narrowed jsonb NOT NULL DEFAULT '{}',             -- plain conditions beside the filters: the campaign or voucher in the path
  publishes boolean NOT NULL,                       -- whether the vouchers in it become published
  phase text COLLATE "C" CHECK (phase IN ('hold', 'file', 'publish', 'release')),  -- what the job does next; null: nothing
  held_after text COLLATE "C" NOT NULL DEFAULT '',  -- the last voucher that was held
  attempt int NOT NULL DEFAULT 0,                   -- whose file counts: a worker that was overtaken writes in vain
  pieces int NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  rows bigint NOT NULL DEFAULT 0,
  failure text COLLATE "C",
  file_until timestamptz(3),                        -- set with DONE; after that the file is gone
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3),
  deleted_at timestamptz(3),                        -- nobody sees it any more; the rest follows
  PRIMARY KEY (project_id, id)
);
CREATE INDEX exports_created_at ON exports (project_id, created_at, id) WHERE deleted_at IS NULL;

-- A file in pieces. Not compressed: that would cost more time than the disk does.
CREATE TABLE export_pieces (
  project_id int NOT NULL,
  export_id text COLLATE "C" NOT NULL,
  attempt int NOT NULL,
  number int NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (project_id, export_id, attempt, number)
);
ALTER TABLE export_pieces ALTER COLUMN content SET STORAGE EXTERNAL;
