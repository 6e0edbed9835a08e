CREATE VIEW butler.activity AS
SELECT
    a.activity_id,
    a.at,
    a.actor,
    a.operation,
    a.affected,
    a.collections,
    a.subject,
    a.reason,
    a.login,
    a.client_address,
    a.told_host,
    a.told_application
FROM butler_internal.all_activity AS a;

COMMENT ON VIEW butler.activity IS
'Who did what: a row a call that changed something. A put into one''s own run, and the end of one''s own quantum, are told by
dataset, run and quantum, and have none.';
