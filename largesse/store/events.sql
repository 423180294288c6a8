-- append_event --
-- One frozen event, in the transaction of its change.
INSERT INTO events (project_id, id, type, entity_id, data, request_id, actor) VALUES ($1, $2, $3, $4, $5, $6, $7)
