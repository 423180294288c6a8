-- Distributions: messages that go out by themselves, most with a code.

-- `phase` is what the job does next: null is nothing. `attempt` counts those who began to send: what an earlier one had
-- in its hands is nobody's to send again. `considered` is the last customer of the audience that was looked at.
CREATE TABLE distributions (
  project_id int NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL DEFAULT 'DRAFT'
    CHECK (status IN ('DRAFT', 'TO SEND', 'IN_PROGRESS', 'LIVE', 'PAUSED', 'DONE', 'FAILED')),
  trigger jsonb,                                    -- null: manual
  audience jsonb NOT NULL DEFAULT '{}',
  action jsonb,
  channels jsonb NOT NULL DEFAULT '[]',
  recipients_max int,
  when_exhausted text COLLATE "C" NOT NULL DEFAULT 'fail',
  resumes_as text COLLATE "C",                      -- of a paused one: what it was
  reason text COLLATE "C",                          -- why it paused or failed by itself
  phase text COLLATE "C" CHECK (phase IN ('recipients', 'send', 'release')),
  considered text COLLATE "C" NOT NULL DEFAULT '',
  considered_count int NOT NULL DEFAULT 0,
  pick_after bigint NOT NULL DEFAULT -1,            -- where the last claim of the pool stopped
  attempt int NOT NULL DEFAULT 0,
  live_since jsonb,                                 -- the event log's position when an automatic one was set live
  starts_at timestamptz(3),
  started_at timestamptz(3),
  finished_at timestamptz(3),
  set_live_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3),
  deleted_at timestamptz(3),
  PRIMARY KEY (project_id, id)
);
CREATE UNIQUE INDEX distributions_name ON distributions (project_id, name) WHERE deleted_at IS NULL;
CREATE INDEX distributions_created_at ON distributions (project_id, created_at, id) INCLUDE (deleted_at);

-- One row for each recipient and channel. pending: no code yet; held: it may go; sending: somebody has it in his hands,
-- and from then on it is never sent again by itself; unknown: nobody can say whether it arrived.
CREATE TABLE distribution_messages (
  project_id int NOT NULL,
  id text COLLATE "C" NOT NULL,
  distribution_id text COLLATE "C" NOT NULL,
  customer_id text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL DEFAULT '',    -- of an automatic distribution: what triggered it
  state text COLLATE "C" NOT NULL
    CHECK (state IN ('pending', 'held', 'sending', 'accepted', 'failed', 'unknown', 'skipped')),
  publication_id text COLLATE "C",                  -- whose codes it carries
  reason text COLLATE "C",                          -- why it failed, was skipped or isn't known
  receipt text COLLATE "C",                         -- what the other side said
  fallback boolean NOT NULL DEFAULT false,          -- the text for those whom no code was left for
  attempt int NOT NULL DEFAULT 0,                   -- of the distribution, that sent it
  tries int NOT NULL DEFAULT 0,
  due_at timestamptz(3) NOT NULL DEFAULT now(),
  sent_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3),
  PRIMARY KEY (project_id, id)
);
-- I9
CREATE UNIQUE INDEX distribution_messages_once
  ON distribution_messages (project_id, distribution_id, customer_id, channel, event_id);
CREATE INDEX distribution_messages_state ON distribution_messages (project_id, distribution_id, state, id) INCLUDE (channel);
CREATE INDEX distribution_messages_due ON distribution_messages (project_id, distribution_id, channel, due_at, id)
  WHERE state = 'held';
CREATE INDEX distribution_messages_publication ON distribution_messages (project_id, publication_id)
  WHERE publication_id IS NOT NULL;
CREATE INDEX distribution_messages_customer ON distribution_messages (project_id, customer_id);

-- What happened to a distribution, for people.
CREATE TABLE distribution_activity (
  project_id int NOT NULL,
  distribution_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  data jsonb NOT NULL DEFAULT '{}',
  actor text COLLATE "C",
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, distribution_id, id)
);

-- Who wants no messages any more: an address in lower case, or a customer's id, for one channel.
CREATE TABLE suppressions (
  project_id int NOT NULL,
  channel text COLLATE "C" NOT NULL,
  target text COLLATE "C" NOT NULL,
  reason text COLLATE "C" NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, channel, target)
);
CREATE INDEX suppressions_created_at ON suppressions (project_id, created_at, channel, target);

-- The few publications that are held: the list's indexes leave them out.
CREATE INDEX publications_held ON publications (project_id, customer_id, id) WHERE result = 'HELD';
