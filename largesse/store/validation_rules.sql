-- Validation rules and their assignments.

-- create_rule --
-- A new rule; nothing has it yet.
INSERT INTO validation_rules (project_id, id, name, rules, bundle_rules, error, applicable_to, type, context_type)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
RETURNING id, name, rules, bundle_rules, error, applicable_to, type, context_type, created_at, updated_at,
  0 AS assignments_count

-- get_rule --
-- One by its id.
SELECT r.id, r.name, r.rules, r.bundle_rules, r.error, r.applicable_to, r.type, r.context_type, r.created_at, r.updated_at,
  (SELECT count(*) FROM validation_rules_assignments a WHERE a.project_id = $1 AND a.rule_id = r.id) AS assignments_count
FROM validation_rules r WHERE r.project_id = $1 AND r.id = $2

-- lock_rule --
-- So that two changes of a rule come one after the other, and none is assigned while it is deleted.
SELECT r.id, r.name, r.rules, r.bundle_rules, r.error, r.applicable_to, r.type, r.context_type, r.created_at, r.updated_at
FROM validation_rules r WHERE r.project_id = $1 AND r.id = $2
FOR NO KEY UPDATE

-- update_rule --
-- Everything that may change, as it will be.
UPDATE validation_rules SET
  name = $3, rules = $4, bundle_rules = $5, error = $6, applicable_to = $7, type = $8, context_type = $9, updated_at = now()
WHERE project_id = $1 AND id = $2

-- delete_rule --
-- Its assignments go with it.
DELETE FROM validation_rules WHERE project_id = $1 AND id = $2 RETURNING id

-- known_rules --
-- Which of the ids $2 exist, held until the transaction ends.
SELECT id FROM validation_rules WHERE project_id = $1 AND id = ANY ($2::text[]) ORDER BY id FOR KEY SHARE

-- list_rules --
-- Late look-up: the ids of the page from an index, then the rows.
WITH page AS (
  SELECT r.id FROM validation_rules r WHERE r.project_id = $1{filters}
  ORDER BY {order} LIMIT {limit} OFFSET {offset}
)
SELECT r.id, r.name, r.rules, r.bundle_rules, r.error, r.applicable_to, r.type, r.context_type, r.created_at, r.updated_at,
  (SELECT count(*) FROM validation_rules_assignments a WHERE a.project_id = $1 AND a.rule_id = r.id) AS assignments_count
FROM page JOIN validation_rules r ON r.project_id = $1 AND r.id = page.id
ORDER BY {order}

-- count_rules --
-- Every match, whatever the page.
SELECT count(*) FROM validation_rules r WHERE r.project_id = $1{filters}

-- has_assignments --
-- Whether anything in the project has a rule: most projects have none, and publishing must not look for it each time.
SELECT EXISTS (SELECT FROM validation_rules_assignments WHERE project_id = $1)

-- assign_rule --
-- No row when the object has the rule already: the unique index decides.
INSERT INTO validation_rules_assignments (project_id, id, rule_id, related_object_type, related_object_id)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (project_id, related_object_id, related_object_type, rule_id) DO NOTHING
RETURNING id, rule_id, related_object_type, related_object_id, created_at

-- find_assignment --
-- Of this rule on this object.
SELECT id FROM validation_rules_assignments
WHERE project_id = $1 AND related_object_id = $4 AND related_object_type = $3 AND rule_id = $2

-- delete_assignment --
-- Of this rule only: the path names both.
DELETE FROM validation_rules_assignments WHERE project_id = $1 AND rule_id = $2 AND id = $3
RETURNING id, rule_id, related_object_type, related_object_id, created_at

-- assignments_of --
-- All that these objects have: $2 types, $3 ids.
SELECT a.id, a.rule_id, a.related_object_type, a.related_object_id, a.created_at
FROM unnest($2::text[], $3::text[]) AS o (type, id) JOIN validation_rules_assignments a
  ON a.project_id = $1 AND a.related_object_id = o.id AND a.related_object_type = o.type
ORDER BY a.created_at, a.id

-- drop_assignments --
-- Of the objects of type $2 with the ids $3, which are gone for good.
DELETE FROM validation_rules_assignments
WHERE project_id = $1 AND related_object_id = ANY ($3::text[]) AND related_object_type = $2

-- drop_orphaned_assignments --
-- Of vouchers that are gone for good, after their campaign was deleted.
DELETE FROM validation_rules_assignments a
WHERE a.project_id = $1 AND a.related_object_type = 'voucher'
  AND NOT EXISTS (SELECT FROM vouchers v WHERE v.project_id = $1 AND v.id = a.related_object_id)

-- list_assignments --
-- Late look-up: the ids of the page from an index, then the rows.
WITH page AS (
  SELECT a.id FROM validation_rules_assignments a WHERE a.project_id = $1{filters}
  ORDER BY {order} LIMIT {limit} OFFSET {offset}
)
SELECT a.id, a.rule_id, a.related_object_type, a.related_object_id, a.created_at
FROM page JOIN validation_rules_assignments a ON a.project_id = $1 AND a.id = page.id
ORDER BY {order}

-- count_assignments --
-- Every match, whatever the page.
SELECT count(*) FROM validation_rules_assignments a WHERE a.project_id = $1{filters}
