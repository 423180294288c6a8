-- Wrong passwords given in a session: where a new password is set the old one is asked for.
ALTER TABLE user_sessions ADD COLUMN failures int NOT NULL DEFAULT 0;
