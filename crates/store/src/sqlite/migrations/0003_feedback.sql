-- Conversion feedback is leased apart from messages: a backlog of it is not even looked at on the way to a code.
DROP INDEX deliveries_by_readiness;
CREATE INDEX messages_by_readiness ON deliveries (ready_at)
    WHERE state = 'due' AND kind <> 'conversion_feedback';
CREATE INDEX feedback_by_readiness ON deliveries (ready_at)
    WHERE state = 'due' AND kind = 'conversion_feedback';
