-- find_key --
-- A key that isn't revoked, with its project.
SELECT k.app_id, k.token_hash, k.kind, k.name,
       p.id, p.public_id, p.name AS project_name, p.time_zone, p.case_sensitive_codes, p.on_known_source_id,
       p.codes_per_campaign_max
FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id
WHERE k.app_id = $1 AND k.revoked_at IS NULL
