-- What exists once, beside all projects. The first keys and the first account are made once, by whichever server initialises
-- the database. The fingerprint tells a server with another LARGESSE_SECRET_KEY that it can't open what is sealed here.
CREATE TABLE installation (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  initialised_at timestamptz(3),
  secret_fingerprint text COLLATE "C"
);
INSERT INTO installation (initialised_at)
SELECT CASE WHEN EXISTS (SELECT FROM api_keys) OR EXISTS (SELECT FROM users) THEN now() END;
