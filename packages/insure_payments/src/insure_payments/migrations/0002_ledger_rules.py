"""The rules of the ledger that PostgreSQL itself keeps, whoever writes."""

from django.db import migrations

from insure_common.operations import AppendOnly

# Runs at commit, for an entry and for each of its lines. `lines_count` closes the hole that a balanced pair could be
# added later to an entry that was posted.
CHECK_ENTRY = """
CREATE FUNCTION insure_payments_check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE this uuid; found_lines int; bad text;
BEGIN
  IF TG_TABLE_NAME = 'insure_payments_entry' THEN this := NEW.id; ELSE this := NEW.entry_id; END IF;

  SELECT count(*) INTO found_lines FROM insure_payments_line WHERE entry_id = this;
  IF found_lines <> (SELECT lines_count FROM insure_payments_entry WHERE id = this) THEN
    RAISE EXCEPTION 'entry % has % lines', this, found_lines USING ERRCODE = '23514';
  END IF;

  SELECT string_agg(currency || ' ' || total, ', ') INTO bad
  FROM (SELECT currency, sum(amount_in_cents) AS total FROM insure_payments_line WHERE entry_id = this GROUP BY 1) sums
  WHERE total <> 0;
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'entry % does not balance: %', this, bad USING ERRCODE = '23514';
  END IF;

  SELECT string_agg(line.id::text, ', ') INTO bad
  FROM insure_payments_line line
  JOIN insure_payments_entry entry ON entry.id = line.entry_id
  JOIN insure_payments_account account ON account.id = line.account_id
  LEFT JOIN insure_payments_line before
    ON before.account_id = line.account_id AND before.account_seq = line.account_seq - 1
  WHERE line.entry_id = this AND (
    line.currency <> account.currency
    OR line.posted_at <> entry.posted_at
    OR (account.kind = 'CLIENT') <> (line.account_seq IS NOT NULL)
    OR line.account_seq > account.last_seq
    OR (line.account_seq > 1 AND before.id IS NULL)
    OR line.balance_after_in_cents <> coalesce(before.balance_after_in_cents, 0) + line.amount_in_cents
  );
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'entry %: line % does not fit its account', this, bad USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON insure_payments_entry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION insure_payments_check_entry();
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON insure_payments_line
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION insure_payments_check_entry();
"""

# At commit a client account's cached balance is that of its last line; whose account it is never changes.
CHECK_ACCOUNT = """
CREATE FUNCTION insure_payments_check_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.kind, OLD.user_id, OLD.currency) IS DISTINCT FROM (NEW.kind, NEW.user_id, NEW.currency) THEN
    RAISE EXCEPTION 'account % belongs to somebody already', NEW.id USING ERRCODE = '23514';
  END IF;
  IF NEW.kind = 'CLIENT' AND EXISTS (
    SELECT 1 FROM insure_payments_account account
    LEFT JOIN LATERAL (
      SELECT account_seq, balance_after_in_cents FROM insure_payments_line
      WHERE account_id = account.id AND account_seq IS NOT NULL ORDER BY account_seq DESC LIMIT 1
    ) last ON true
    WHERE account.id = NEW.id AND (
      account.last_seq <> coalesce(last.account_seq, 0)
      OR account.balance_in_cents <> coalesce(last.balance_after_in_cents, 0)
    )
  ) THEN
    RAISE EXCEPTION 'account %: the balance is not that of its last line', NEW.id USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT OR UPDATE ON insure_payments_account
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION insure_payments_check_account();
"""

# enums.TRANSACTION_TRANSITIONS, as it is at this migration.
CHECK_TRANSITION = """
CREATE FUNCTION insure_payments_check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> OLD.status AND NOT (
    OLD.status = 'UNKNOWN'
    OR (OLD.status = 'PENDING' AND NEW.status IN ('APPROVED', 'DECLINED', 'VOIDED', 'ERROR'))
    OR (OLD.status = 'APPROVED' AND NEW.status = 'VOIDED')
  ) THEN
    RAISE EXCEPTION 'transaction % cannot go from % to %', NEW.id, OLD.status, NEW.status USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER transition BEFORE UPDATE OF status ON insure_payments_transaction
  FOR EACH ROW EXECUTE FUNCTION insure_payments_check_transition();
"""


class Migration(migrations.Migration):
    dependencies = [("insure_payments", "0001_initial"), ("insure_common", "0001_initial")]

    operations = [
        migrations.RunSQL(CHECK_ENTRY, "DROP FUNCTION insure_payments_check_entry() CASCADE"),
        migrations.RunSQL(CHECK_ACCOUNT, "DROP FUNCTION insure_payments_check_account() CASCADE"),
        migrations.RunSQL(CHECK_TRANSITION, "DROP FUNCTION insure_payments_check_transition() CASCADE"),
        AppendOnly("Entry"),
        AppendOnly("Line"),
    ]
