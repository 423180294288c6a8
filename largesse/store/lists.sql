-- limit_time --
-- For the rest of a transaction that reads a list narrowed by what a caller made up: a limit of its own, and plans for
-- the values at hand, because how many rows a filter matches depends on them.
SELECT set_config('statement_timeout', $1, true), set_config('plan_cache_mode', 'force_custom_plan', true)
