-- How far each reader of the event log came, project by project. A control table: a reader asks for all projects at
-- once where something waits. Whoever reads holds the row locked until the transaction that moves it.
CREATE TABLE event_cursors (
  project_id int NOT NULL REFERENCES projects (id),
  reader text COLLATE "C" NOT NULL,
  xid xid8 NOT NULL,
  seq bigint NOT NULL,
  moved_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, reader)
);

-- What receivers know us by. Null until the project has its first webhook. The one before signs along for a while.
ALTER TABLE projects
  ADD COLUMN webhook_secret text COLLATE "C",
  ADD COLUMN webhook_secret_before text COLLATE "C",
  ADD COLUMN webhook_secret_since timestamptz(3);

-- `slot` limits their number. A deleted one keeps its row until its deliveries are cleared away.
CREATE TABLE webhooks (
  project_id int NOT NULL,
  id text COLLATE "C" NOT NULL,
  target_url text COLLATE "C" NOT NULL,
  events text[] COLLATE "C" NOT NULL,
  headers jsonb NOT NULL DEFAULT '{}',              -- name to value, sent along with each delivery
  active boolean NOT NULL DEFAULT true,
  disabled_reason text COLLATE "C",                 -- why we switched it off; null when somebody else did, or nobody
  slot int,                                         -- null when deleted
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3),
  deleted_at timestamptz(3),
  PRIMARY KEY (project_id, id)
);
CREATE UNIQUE INDEX webhooks_slot ON webhooks (project_id, slot) WHERE slot IS NOT NULL;

-- What is to be sent, frozen when the event was read. `xid`, `seq`, `part`: its place in the log, which is the order of
-- what concerns one entity. `tries` and `tried_at` belong to this round of attempts; somebody may ask for another.
CREATE TABLE webhook_deliveries (
  project_id int NOT NULL,
  id text COLLATE "C" NOT NULL,
  webhook_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  entity_id text COLLATE "C" NOT NULL,
  xid xid8 NOT NULL,
  seq bigint NOT NULL,
  part int NOT NULL,
  body text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'DELIVERED', 'PARKED')),
  reason text COLLATE "C",                          -- why it is parked
  tries int NOT NULL DEFAULT 0,
  tried_at timestamptz(3),                          -- the first attempt of this round
  due_at timestamptz(3) NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  created_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  PRIMARY KEY (project_id, id),
  CONSTRAINT webhook_deliveries_ended_or_pending CHECK ((status = 'PENDING') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX webhook_deliveries_once ON webhook_deliveries (project_id, webhook_id, event_id, part);
-- Two conditions that mean the same, so that each look-up has one index only: while most rows come and go between two
-- runs of ANALYZE, the planner takes both for empty and equal, and would search the one from end to end.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (project_id, webhook_id, due_at, xid, seq, part) WHERE ended_at IS NULL;
CREATE INDEX webhook_deliveries_entity ON webhook_deliveries (project_id, webhook_id, entity_id, xid, seq, part) WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_list ON webhook_deliveries (project_id, webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (project_id, ended_at) WHERE status <> 'PENDING';

-- Every time something was sent, and what came of it.
CREATE TABLE webhook_attempts (
  project_id int NOT NULL,
  delivery_id text COLLATE "C" NOT NULL,
  number int NOT NULL,
  result text COLLATE "C" NOT NULL,
  status int,                                       -- of HTTP
  reason text COLLATE "C",
  answer text COLLATE "C" NOT NULL DEFAULT '',      -- the beginning of the body
  elapsed_ms int NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (project_id, delivery_id, number)
);

-- Whose turn it is: one row for each webhook that ever had something to send. A control table: a process asks for all
-- projects at once. Claimed by heartbeat, like jobs.
CREATE TABLE webhook_turns (
  project_id int NOT NULL REFERENCES projects (id),
  webhook_id text COLLATE "C" NOT NULL,
  due_at timestamptz(3),                            -- when the next delivery is due; null: none is pending
  rest_until timestamptz(3),                        -- the receiver asked for it
  turn_at timestamptz(3) NOT NULL DEFAULT now(),    -- since when it has been waiting for its turn
  worker text COLLATE "C",
  heartbeat_at timestamptz(3),
  PRIMARY KEY (project_id, webhook_id)
);
CREATE INDEX webhook_turns_due ON webhook_turns (due_at) WHERE due_at IS NOT NULL;

-- What a customer did elsewhere, for its activity.
CREATE INDEX events_custom ON events (project_id, entity_id, created_at, id) WHERE type = 'customer.custom_event';
