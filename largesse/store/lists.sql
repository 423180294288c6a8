-- place --
-- What the list is ordered by, in the row that a page is to begin after.
SELECT {column} FROM {table} x WHERE x.project_id = $1 AND {key} = $2

-- limit_time --
-- For the rest of a transaction that reads a list narrowed by what a caller made up: a limit of its own, $1 ms from the
-- transaction's start but at least $2 from now, and plans for the values at hand, because how many rows a filter matches
-- depends on them.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('statement_timeout',
  greatest($2::int, $1::int - (1000 * extract(epoch FROM clock_timestamp() - now()))::int)::text, true)
