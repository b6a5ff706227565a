-- What a partner has not acknowledged yet is looked for again and again.
CREATE INDEX IF NOT EXISTS group_unanswered ON functional_group (partner) WHERE state = 'sent';
CREATE INDEX IF NOT EXISTS arrival_stopped ON arrival (state) WHERE state IN ('dead', 'quarantined')
