-- append_event --
-- One frozen event, in the transaction of its change.
INSERT INTO events (project_id, id, type, entity_id, data, request_id, actor) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- append_events --
-- Several frozen events of one type: $2 ids, $4 entities, $5 data, in that order.
INSERT INTO events (project_id, id, type, entity_id, data, request_id, actor)
SELECT $1, e.id, $3, e.entity_id, e.data, $6, $7
FROM unnest($2::text[], $4::text[], $5::jsonb[]) WITH ORDINALITY AS e (id, entity_id, data, place)
ORDER BY e.place
