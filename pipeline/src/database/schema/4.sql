-- Operators look for what came last, among all that ever came.
CREATE INDEX IF NOT EXISTS arrival_by_time ON arrival (received_ms, id)
