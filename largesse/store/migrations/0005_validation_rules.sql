-- Validation rules and what they are assigned to.

CREATE TABLE validation_rules (
  project_id int NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  rules jsonb NOT NULL,
  bundle_rules jsonb NOT NULL,
  error jsonb,
  applicable_to jsonb NOT NULL,
  type text COLLATE "C" NOT NULL,
  context_type text COLLATE "C" NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3),
  PRIMARY KEY (project_id, id)
);
CREATE INDEX validation_rules_created ON validation_rules (project_id, created_at, id);

CREATE TABLE validation_rules_assignments (
  project_id int NOT NULL,
  id text COLLATE "C" NOT NULL,
  rule_id text COLLATE "C" NOT NULL,
  related_object_type text COLLATE "C" NOT NULL,
  related_object_id text COLLATE "C" NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, id),
  FOREIGN KEY (project_id, rule_id) REFERENCES validation_rules ON DELETE CASCADE
);
-- The same rule on the same object once; also finds what an object has.
CREATE UNIQUE INDEX validation_rules_assignments_once
  ON validation_rules_assignments (project_id, related_object_id, related_object_type, rule_id);
CREATE INDEX validation_rules_assignments_rule ON validation_rules_assignments (project_id, rule_id, created_at, id);
CREATE INDEX validation_rules_assignments_created ON validation_rules_assignments (project_id, created_at, id);
