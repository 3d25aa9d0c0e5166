"""The rules of 0002, asked with one query where there were up to four: they run for every posting."""

import importlib

from django.db import migrations

before = importlib.import_module("insure_payments.migrations.0002_ledger_rules")

# The entry asks whether it has its lines and balances; each line whether it is one of them and fits its account. Nobody
# can add lines to an entry that was checked: it has as many as it says.
CHECK_ENTRY = """
CREATE OR REPLACE FUNCTION insure_payments_check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found_lines int; bad text; fits boolean;
BEGIN
  IF TG_TABLE_NAME = 'insure_payments_entry' THEN
    SELECT coalesce(sum(lines), 0), string_agg(currency || ' ' || total, ', ') FILTER (WHERE total <> 0)
    INTO found_lines, bad
    FROM (
      SELECT currency, count(*) AS lines, sum(amount_in_cents) AS total
      FROM insure_payments_line WHERE entry_id = NEW.id GROUP BY currency
    ) sums;
    IF found_lines <> NEW.lines_count THEN
      RAISE EXCEPTION 'entry % has % lines', NEW.id, found_lines USING ERRCODE = '23514';
    END IF;
    IF bad IS NOT NULL THEN
      RAISE EXCEPTION 'entry % does not balance: %', NEW.id, bad USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
  END IF;

  SELECT
    nullif((SELECT count(*) FROM insure_payments_line WHERE entry_id = NEW.entry_id), entry.lines_count),
    NEW.currency = account.currency
      AND NEW.posted_at = entry.posted_at
      AND (account.kind = 'CLIENT') = (NEW.account_seq IS NOT NULL)
      AND (NEW.account_seq IS NULL OR (
        NEW.account_seq <= account.last_seq
        AND (NEW.account_seq = 1 OR before.id IS NOT NULL)
        AND NEW.balance_after_in_cents = coalesce(before.balance_after_in_cents, 0) + NEW.amount_in_cents
      ))
  INTO found_lines, fits
  FROM insure_payments_entry entry
  JOIN insure_payments_account account ON account.id = NEW.account_id
  LEFT JOIN insure_payments_line before
    ON before.account_id = NEW.account_id AND before.account_seq = NEW.account_seq - 1
  WHERE entry.id = NEW.entry_id;
  IF found_lines IS NOT NULL THEN
    RAISE EXCEPTION 'entry % has % lines', NEW.entry_id, found_lines USING ERRCODE = '23514';
  END IF;
  IF fits IS DISTINCT FROM true THEN
    RAISE EXCEPTION 'entry %: line % does not fit its account', NEW.entry_id, NEW.id USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("insure_payments", "0005_watched")]

    operations = [
        migrations.RunSQL(
            CHECK_ENTRY,
            before.CHECK_ENTRY.partition("CREATE CONSTRAINT")[0].replace(
                "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
            ),
        )
    ]
