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
