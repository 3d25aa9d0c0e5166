-- What must never be found once everything has come to rest. Each query answers the exceptions to the line above it.
-- account, debt, wish, provider_transaction, core_payment and receipt_mail hold what clients, insurer, providers, CASSE and
-- the mailbox said;
-- made is every payment with the Idempotency-Key that asked for it.

-- V1 an entry does not balance
SELECT entry_id, currency, sum(amount_in_cents) FROM insure_payments_line GROUP BY 1, 2 HAVING sum(amount_in_cents) <> 0;

-- V1 an entry has lost or gained lines
SELECT e.id, e.lines_count, count(l.id) FROM insure_payments_entry e LEFT JOIN insure_payments_line l ON l.entry_id = e.id
GROUP BY e.id HAVING count(l.id) <> e.lines_count;

-- V1 the ledger does not sum to zero
SELECT currency, sum(amount_in_cents) FROM insure_payments_line GROUP BY 1 HAVING sum(amount_in_cents) <> 0;

-- V1 a cached balance is not the fold of its lines
SELECT a.id, a.balance_in_cents, a.last_seq, sum(l.amount_in_cents), count(l.id)
FROM insure_payments_account a LEFT JOIN insure_payments_line l ON l.account_id = a.id
WHERE a.kind = 'CLIENT'
GROUP BY a.id HAVING a.balance_in_cents <> coalesce(sum(l.amount_in_cents), 0) OR a.last_seq <> count(l.id);

-- V1 a running balance is not the fold of the lines before
SELECT * FROM (
  SELECT id, account_seq, balance_after_in_cents, sum(amount_in_cents) OVER chain AS fold, row_number() OVER chain AS place
  FROM insure_payments_line WHERE account_seq IS NOT NULL WINDOW chain AS (PARTITION BY account_id ORDER BY account_seq)
) lines WHERE fold <> balance_after_in_cents OR place <> account_seq;

-- V2 an acknowledged user is gone
SELECT account.* FROM account LEFT JOIN insure_users_user u ON u.email_primary = account.email
WHERE account.state = 'acknowledged' AND u.id IS NULL;

-- V2 a user nobody asked for, or without a right code
SELECT u.email_primary, account.state FROM insure_users_user u LEFT JOIN account ON account.email = u.email_primary
WHERE coalesce(account.state, 'none') = 'none';

-- V2 an acknowledged payment is gone, or not the one that its client was told of
SELECT * FROM wish LEFT JOIN made USING (key) WHERE wish.acknowledged <> '{}' AND (wish.acknowledged = ARRAY[made.id]) IS NOT TRUE;

-- V2 a payment nobody asked for
SELECT p.id, p.status FROM insure_payments_payment p
LEFT JOIN made ON made.id = p.id::text LEFT JOIN wish ON wish.key = made.key WHERE wish.key IS NULL;

-- V2 a refused payment exists
SELECT * FROM wish JOIN made USING (key) WHERE wish.refused <> '';

-- V2 a payment is not what was asked for
SELECT * FROM wish JOIN made USING (key)
WHERE (wish.email, wish.charge, wish.amount_in_cents) <> (made.email, made.charge, made.amount_in_cents);

-- V2 the client was told of another end
SELECT * FROM wish JOIN made USING (key) WHERE wish.status <> '' AND wish.status <> made.status;

-- V3 the bank took note of another end
SELECT * FROM wish JOIN made USING (key) WHERE wish.pressed <> '' AND wish.pressed <> made.status;

-- V3 a payment was opened twice at the provider; on its own page the payer may try again
SELECT reference, count(*) FROM provider_transaction JOIN insure_payments_payment USING (reference)
WHERE method ->> 'type' <> 'CHECKOUT' GROUP BY 1 HAVING count(*) > 1;

-- V3 the provider knows a payment that we do not
SELECT reference FROM provider_transaction EXCEPT SELECT reference FROM insure_payments_payment;

-- V3 what the provider approved is not what was settled and posted
SELECT * FROM (
  SELECT p.reference, p.settled_in_cents,
    (SELECT coalesce(sum(amount_in_cents), 0) FROM provider_transaction t
     WHERE t.reference = p.reference AND t.status = 'APPROVED') AS approved,
    (SELECT coalesce(-sum(l.amount_in_cents), 0) FROM insure_payments_transaction t JOIN insure_payments_line l
     ON l.entry_id = t.entry_id AND l.account_seq IS NOT NULL WHERE t.payment_id = p.id) AS posted
  FROM insure_payments_payment p
) payments WHERE approved <> settled_in_cents OR approved <> posted;

-- V3 a balance is not what is owed less what was paid elsewhere and what the providers approved
SELECT u.email_primary, a.balance_in_cents, owed.amount, elsewhere.amount, paid.amount
FROM insure_payments_account a JOIN insure_users_user u ON u.id = a.user_id
CROSS JOIN LATERAL (
  SELECT sum(amount_in_cents) FILTER (WHERE NOT is_void) AS amount FROM debt WHERE debt.email = u.email_primary
) owed
CROSS JOIN LATERAL (
  SELECT sum(external_paid_in_cents) AS amount FROM insure_payments_charge c WHERE c.user_id = u.id
) elsewhere
CROSS JOIN LATERAL (
  SELECT coalesce(sum(t.amount_in_cents), 0) AS amount FROM insure_payments_payment p
  JOIN provider_transaction t ON t.reference = p.reference AND t.status = 'APPROVED' WHERE p.user_id = u.id
) paid WHERE owed.amount IS NOT NULL AND a.balance_in_cents <> owed.amount - elsewhere.amount - paid.amount;

-- V3 a charge is cancelled, or paid elsewhere, that was not; or the other way round. The core system caps what is paid, so
-- money of ours that came there first makes less of what it took itself
SELECT c.reference, c.status, c.external_paid_in_cents, debt.* FROM debt
JOIN insure_payments_charge c ON c.id::text = debt.charge
WHERE (c.status = 'VOID') <> debt.is_void OR c.external_paid_in_cents > debt.elsewhere_in_cents
OR (debt.elsewhere_in_cents > 0 AND NOT debt.is_void AND c.external_paid_in_cents < debt.elsewhere_in_cents AND c.status <> 'PAID');

-- V3 a charge is not paid by its allocations
SELECT c.reference, c.status, c.paid_in_cents, sum(a.settled_in_cents)
FROM insure_payments_charge c LEFT JOIN insure_payments_allocation a ON a.charge_id = c.id
GROUP BY c.id HAVING coalesce(sum(a.settled_in_cents), 0)
  <> CASE c.status WHEN 'VOID' THEN 0 ELSE c.paid_in_cents - c.external_paid_in_cents END;

-- V3 approved money is neither on a charge nor a credit that an operator is asked about
SELECT * FROM (
  SELECT p.reference, p.settled_in_cents - (SELECT sum(settled_in_cents) FROM insure_payments_allocation a
    WHERE a.payment_id = p.id) AS credit,
    (SELECT count(*) FROM insure_payments_case c
     WHERE c.payment_id = p.id AND c.kind = 'CREDIT' AND c.closed_at IS NULL) AS cases
  FROM insure_payments_payment p
) payments WHERE credit < 0 OR (credit > 0)::int <> cases;

-- V5 an operator is asked about something else than money that came twice, or whose charge was not there any more
SELECT c.kind, c.payment_id, c.mismatch FROM insure_payments_case c
JOIN insure_payments_payment p ON p.id = c.payment_id
WHERE c.closed_at IS NULL AND (c.kind <> 'CREDIT' OR NOT (
  EXISTS (SELECT FROM insure_payments_allocation a JOIN debt ON debt.charge = a.charge_id::text
          WHERE a.payment_id = p.id AND (debt.is_void OR debt.elsewhere_in_cents > 0))
  -- This payment came twice, or another one of the same charge, which has taken the place of this.
  OR EXISTS (SELECT FROM insure_payments_allocation a JOIN insure_payments_allocation b USING (charge_id)
             JOIN insure_payments_payment twice ON twice.id = b.payment_id
             WHERE a.payment_id = p.id AND (SELECT count(*) FROM provider_transaction t
                                            WHERE t.reference = twice.reference AND t.status = 'APPROVED') > 1)
));

-- V3 an entry of a payment without its approved transaction
SELECT e.id, e.external_id, t.status FROM insure_payments_entry e
LEFT JOIN insure_payments_transaction t ON t.entry_id = e.id AND t.provider_id = e.external_id
WHERE e.kind = 'PAYMENT' AND t.status IS DISTINCT FROM 'APPROVED';

-- V3 a transaction in quarantine
SELECT id, provider_id, mismatch FROM insure_payments_transaction WHERE mismatch <> '';

-- V4 an approved transaction has not exactly one audit event
SELECT * FROM (
  SELECT payment_id::text AS payment, count(*) AS approved FROM insure_payments_transaction WHERE status = 'APPROVED' GROUP BY 1
) settled FULL JOIN (
  SELECT target_id AS payment, count(*) AS events FROM insure_audit_event WHERE action = 'payments.payment_settled' GROUP BY 1
) recorded USING (payment) WHERE approved IS DISTINCT FROM events;

-- V4 a started payment has not exactly one audit event
SELECT p.id, count(e.id) FROM insure_payments_payment p
LEFT JOIN insure_audit_event e ON e.target_id = p.id::text AND e.action = 'payments.payment_started'
GROUP BY 1 HAVING count(e.id) <> 1;

-- V5 a message was given up
SELECT task, attempts, last_error FROM insure_common_outboxmessage WHERE status = 'FAILED';

-- V5 an event of the provider was not processed
SELECT event_id, status, attempts, verdict FROM insure_payments_webhookevent WHERE status <> 'PROCESSED';

-- V5 a charge is still kept for a payment that is over
SELECT charge_id, payment_id FROM insure_payments_chargehold;

-- V5 not exactly one receipt of a settled payment
SELECT p.reference, p.status, count(r.id) FROM insure_payments_payment p
LEFT JOIN insure_payments_receipt r ON r.payment_id = p.id AND r.path <> ''
GROUP BY p.id HAVING count(r.id) <> (p.status = 'APPROVED')::int;

-- V5 not one mail for each receipt; a second one may only come where a worker died between sending and committing
SELECT * FROM (
  SELECT u.email_primary,
    (SELECT count(*) FROM insure_payments_payment p WHERE p.user_id = u.id AND p.status = 'APPROVED') AS receipts,
    (SELECT count(*) FROM receipt_mail m WHERE m.email = u.email_primary) AS mails,
    (SELECT coalesce(sum(m.attempts), 0) FROM insure_integrations_notification n
     JOIN insure_common_outboxmessage m ON m.payload ->> 'notification_id' = n.id::text
     WHERE n.user_id = u.id AND n.kind = 'payments.receipt') AS attempts
  FROM insure_users_user u
) clients WHERE mails NOT BETWEEN receipts AND attempts;

-- V5 the core system does not know exactly what of our payments is on its charges
SELECT * FROM (
  SELECT p.reference AS payment, c.reference AS charge, a.settled_in_cents AS settled,
    coalesce(debt.elsewhere_in_cents, 0) > 0 AS may_be_full
  FROM insure_payments_payment p JOIN insure_payments_allocation a ON a.payment_id = p.id
  JOIN insure_payments_charge c ON c.id = a.charge_id AND c.system = 'CASSE' LEFT JOIN debt ON debt.charge = c.id::text
  WHERE a.settled_in_cents > 0
) ours FULL JOIN (
  -- To the core system each charge, and each later report, is a payment of its own, with a number behind a hyphen.
  SELECT split_part(reference, '-', 1) AS payment, charge, sum(amount_in_cents) AS told, sum(share_in_cents) AS put
  FROM core_payment GROUP BY 1, 2
) theirs USING (payment, charge)
WHERE settled IS DISTINCT FROM told OR (settled IS DISTINCT FROM put AND NOT may_be_full);

-- V5 two runs of one synchronisation overlap
SELECT a.job, a.id, b.id FROM insure_integrations_syncrun a JOIN insure_integrations_syncrun b ON a.job = b.job AND a.id < b.id
WHERE a.started_at < b.finished_at AND b.started_at < a.finished_at;
