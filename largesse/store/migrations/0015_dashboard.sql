-- The dashboard: who may sign in, and the figures of its first page.

-- People. They belong to the installation; an admin sees every project, others those in user_projects.
CREATE TABLE users (
  id text COLLATE "C" PRIMARY KEY,                  -- user_…
  email text COLLATE "C" NOT NULL CONSTRAINT users_email UNIQUE,  -- in lower case
  name text COLLATE "C" NOT NULL DEFAULT '',
  password_hash text COLLATE "C" NOT NULL,          -- argon2id
  role text COLLATE "C" NOT NULL CHECK (role IN ('admin', 'user', 'viewer')),
  failures int NOT NULL DEFAULT 0,                  -- wrong passwords in a row
  locked_until timestamptz(3),
  signed_in_at timestamptz(3),
  disabled_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE user_projects (
  user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  project_id int NOT NULL REFERENCES projects (id),
  PRIMARY KEY (user_id, project_id)
);

-- Signed in: a cookie holds the random token, we its SHA-256. Ended by signing out, by time, by a new password.
CREATE TABLE user_sessions (
  token_hash bytea PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  expires_at timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX user_sessions_user ON user_sessions (user_id);
CREATE INDEX user_sessions_expires_at ON user_sessions (expires_at);

-- Publications by hour of the project's local time, campaign ('' is none) and channel, folded from the event log; and the
-- same by day: ninety days of millions are a few thousand rows.
CREATE TABLE publication_hours (
  project_id int NOT NULL,
  hour timestamp(0) NOT NULL,
  campaign_id text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL,
  succeeded bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (project_id, hour, campaign_id, channel)
);
CREATE TABLE publication_days (
  project_id int NOT NULL,
  day date NOT NULL,
  campaign_id text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL,
  succeeded bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (project_id, day, campaign_id, channel)
);
-- The log is whole: what was published before counts too.
INSERT INTO event_cursors (project_id, reader, xid, seq)
SELECT id, 'hours', '0', 0 FROM projects WHERE deleted_at IS NULL ON CONFLICT DO NOTHING;

-- Who made and changed a voucher, for its page. Publications aren't in it: they find their event by their own transaction.
CREATE INDEX events_of_codes ON events (project_id, entity_id, created_at, id) WHERE type IN (
  'voucher.created', 'voucher.updated', 'voucher.enabled', 'voucher.disabled', 'campaign.created');

-- Files that somebody is about to import: between the upload, the choice of columns and the import. Swept after a day.
CREATE TABLE uploads (
  project_id int NOT NULL,
  id text COLLATE "C" NOT NULL,                     -- upl_…
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('vouchers', 'customers')),
  campaign_id text COLLATE "C",                     -- of vouchers: where they belong
  content bytea NOT NULL,
  actor text COLLATE "C" NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, id)
);
CREATE INDEX uploads_created_at ON uploads (project_id, created_at);
