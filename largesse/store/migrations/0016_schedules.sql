-- When something is due is compared with the clock, so it isn't rounded: a job made at .0005 s would be due a moment after
-- the worker that is told of it has looked.
ALTER TABLE jobs ALTER run_at TYPE timestamptz;
ALTER TABLE distribution_messages ALTER due_at TYPE timestamptz;
ALTER TABLE webhook_deliveries ALTER due_at TYPE timestamptz;
ALTER TABLE webhook_turns ALTER due_at TYPE timestamptz, ALTER turn_at TYPE timestamptz;
