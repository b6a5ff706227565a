-- How often a job was left by a process that never told how it ended.
ALTER TABLE job ADD COLUMN lefts BIGINT NOT NULL DEFAULT 0;
