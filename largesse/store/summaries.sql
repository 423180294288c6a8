-- campaign_summary --
-- What happened in the campaign $2 from $3 until before $4. The bin counts as made and deleted; what was deleted for
-- good is gone from both.
SELECT
  (SELECT count(*) FROM publications p WHERE p.project_id = $1 AND p.campaign_id = $2 AND p.result = 'SUCCESS'
    AND p.created_at >= $3 AND p.created_at < $4) AS publications_succeeded,
  (SELECT count(*) FROM publications p WHERE p.project_id = $1 AND p.campaign_id = $2 AND p.result = 'FAILURE'
    AND p.created_at >= $3 AND p.created_at < $4) AS publications_failed,
  (SELECT count(*) FROM vouchers v WHERE v.project_id = $1 AND v.campaign_id = $2 AND v.deleted_at IS NULL
    AND v.created_at >= $3 AND v.created_at < $4)
  + (SELECT count(*) FROM vouchers v WHERE v.project_id = $1 AND v.campaign_id = $2 AND v.deleted_at IS NOT NULL
    AND v.created_at >= $3 AND v.created_at < $4) AS vouchers_created,
  (SELECT count(*) FROM vouchers v WHERE v.project_id = $1 AND v.campaign_id = $2 AND v.deleted_at IS NOT NULL
    AND v.deleted_at >= $3 AND v.deleted_at < $4) AS vouchers_deleted,
  (SELECT count(*) FROM referrals r WHERE r.project_id = $1 AND r.campaign_id = $2
    AND r.created_at >= $3 AND r.created_at < $4) AS referred_customers
