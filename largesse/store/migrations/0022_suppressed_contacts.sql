-- Addresses of the suppression list were kept as they were sent, and suppressed nobody when they had blanks around, a name, or
-- a number in another spelling. What can be said without the project's country is put right; numbers without a code are
-- understood when they are compared.
WITH spelled AS (
  SELECT s.project_id, s.channel, s.target, CASE s.channel
    WHEN 'email' THEN lower(btrim(regexp_replace(regexp_replace(
      s.target, '^\s*mailto:([^?]*).*$', '\1', 'i'), '^.*<([^<>]*)>.*$', '\1'), E' \t\r\n'))
    ELSE regexp_replace(regexp_replace(replace(s.target, '(0)', ''), '[^0-9+]', '', 'g'), '^00', '+') END AS key
  FROM suppressions s WHERE s.channel IN ('email', 'sms') AND s.target NOT LIKE 'cust\_%'
), moved AS (
  DELETE FROM suppressions s USING spelled n
  WHERE s.project_id = n.project_id AND s.channel = n.channel AND s.target = n.target AND n.key <> n.target
    AND n.key ~ '@|\d{5}'
  RETURNING s.project_id, s.channel, n.key, s.reason, s.created_at
)
INSERT INTO suppressions (project_id, channel, target, reason, created_at)
SELECT DISTINCT ON (m.project_id, m.channel, m.key) m.project_id, m.channel, m.key, m.reason, m.created_at FROM moved m
ORDER BY m.project_id, m.channel, m.key, m.created_at
ON CONFLICT DO NOTHING;
