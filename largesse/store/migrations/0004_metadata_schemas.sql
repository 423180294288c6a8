-- Metadata schemas, the bin, and what the management API knows of projects and keys.

-- What metadata of a resource must be like; `properties` is name to definition. Besides those of the resources there
-- are schemas of nested objects, under names of the caller's own.
CREATE TABLE metadata_schemas (
  project_id int NOT NULL,
  id text COLLATE "C" NOT NULL,
  related_object text COLLATE "C" NOT NULL,
  allow_defined_only boolean NOT NULL DEFAULT false,
  properties jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3),
  PRIMARY KEY (project_id, id)
);
CREATE UNIQUE INDEX metadata_schemas_related_object ON metadata_schemas (project_id, related_object);

-- One entry for each thing that somebody threw away. The thing itself stays where it was, out of sight; the vouchers of
-- a binned campaign have no entries of their own.
CREATE TABLE bin_entries (
  project_id int NOT NULL,
  id text COLLATE "C" NOT NULL,
  resource_id text COLLATE "C" NOT NULL,
  resource_type text COLLATE "C" NOT NULL CHECK (resource_type IN ('campaign', 'voucher')),
  resource_name text COLLATE "C" NOT NULL,
  resource_parent_id text COLLATE "C",              -- a voucher's campaign
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, id)
);
CREATE UNIQUE INDEX bin_entries_resource ON bin_entries (project_id, resource_id);
CREATE INDEX bin_entries_parent ON bin_entries (project_id, resource_parent_id) WHERE resource_parent_id IS NOT NULL;

-- What was binned before there were entries. Ids in the order of the deletions.
INSERT INTO bin_entries (project_id, id, resource_id, resource_type, resource_name, resource_parent_id, created_at)
SELECT b.project_id, 'tbe_' || lpad(to_hex(row_number() OVER (ORDER BY b.deleted_at, b.id)), 18, '0'), b.id, b.kind,
  b.name, b.parent, b.deleted_at
FROM (
  SELECT c.project_id, c.id, 'campaign' AS kind, c.name, NULL AS parent, c.deleted_at FROM campaigns c
  WHERE c.deleted_at IS NOT NULL AND c.name <> c.id  -- else it is on its way out for good
  UNION ALL
  SELECT v.project_id, v.id, 'voucher', v.code, v.campaign_id, v.deleted_at FROM vouchers v
  LEFT JOIN campaigns c ON c.project_id = v.project_id AND c.id = v.campaign_id
  WHERE v.deleted_at IS NOT NULL AND c.deleted_at IS NULL
) AS b;

-- `details`: what the management API shows of a project and nothing else reads. A deleted project keeps its row, and
-- its name is free.
ALTER TABLE projects
  ADD COLUMN details jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN deleted_at timestamptz(3);

ALTER TABLE api_keys
  ADD COLUMN role text COLLATE "C" NOT NULL DEFAULT 'admin'
    CHECK (role IN ('admin', 'user', 'viewer', 'merchant', 'restricted')),
  ADD COLUMN scopes text[] COLLATE "C",             -- null: whatever the kind of key opens
  ADD COLUMN allowed_ips text[] COLLATE "C",        -- addresses and networks; null: from everywhere
  ADD COLUMN expires_at timestamptz(3),
  ADD COLUMN last_used_at timestamptz(3);           -- to the minute
