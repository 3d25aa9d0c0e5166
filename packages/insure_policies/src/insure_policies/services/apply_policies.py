"""Bring our policies in line with a page of the core system's."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from insure_audit.public import record_many
from insure_common.outbox import Priority, enqueue
from insure_integrations.public import (
    CorePolicy,
    CorePolicyStatus,
    PageResult,
    RunContext,
    erased_holders,
    link_holders,
)
from insure_policies.actions import POLICY_SYNCED, TARGET_POLICY
from insure_policies.enums import POLICY_TRANSITIONS, PolicyStatus
from insure_policies.models import Coverage, Policy

STATUSES = {
    CorePolicyStatus.EN_TRAMITE: PolicyStatus.PENDING,
    CorePolicyStatus.VIGENTE: PolicyStatus.ACTIVE,
    CorePolicyStatus.SUSPENDIDA: PolicyStatus.SUSPENDED,
    CorePolicyStatus.VENCIDA: PolicyStatus.EXPIRED,
    CorePolicyStatus.CANCELADA: PolicyStatus.CANCELLED,
}

# What the core system decides. The holder is not among it: a policy never moves to another one.
SOURCE_FIELDS = (
    "number",
    "product_code",
    "status",
    "starts_on",
    "ends_on",
    "insurer",
    "insured",
    "payment_plan",
    "premium_net_in_cents",
    "premium_tax_in_cents",
    "premium_total_in_cents",
    "currency",
)
UPDATED_FIELDS = (*SOURCE_FIELDS, "user", "fingerprint", "source_updated_at", "last_synced_at")


def apply_policies(rows: Sequence[CorePolicy], context: RunContext) -> PageResult:
    """Insert or update a page of policies (each reference once), in bulk.

    Unchanged rows and rows older than what is known are not written. Refused, with a reason, are rows that would move a
    policy to another holder or back to being in issue, and rows that name a coverage twice. Policies whose holder is a
    user get their documents fetched in the background.
    """
    with transaction.atomic():
        known = {
            policy.reference: policy
            for policy in Policy.objects.filter(system=context.system, reference__in=[row.reference for row in rows])
        }
        refused = [(row.reference, reason) for row in rows if (reason := _refusal(row, known.get(row.reference)))]
        refused_references = {reference for reference, _ in refused}
        news = [
            row for row in rows if row.reference not in refused_references and _is_news(row, known.get(row.reference))
        ]
        policies = _write(news, known, context)
        created = sum(policy.reference not in known for policy in policies)
        return PageResult(
            created=created,
            updated=len(policies) - created,
            unchanged=len(rows) - len(refused) - len(policies),
            refused=refused,
        )


def _refusal(row: CorePolicy, known: Policy | None) -> str | None:
    codes = [coverage.code for coverage in row.coverages]
    if len(codes) != len(set(codes)):
        return "a coverage is named twice"
    if known is None:
        return None
    if row.holder.reference != known.holder_reference:
        return "the policy belongs to another holder"
    before, after = PolicyStatus(known.status), STATUSES[row.status]
    if after != before and after not in POLICY_TRANSITIONS[before]:
        return f"the status cannot go from {before} to {after}"
    return None


def _is_news(row: CorePolicy, known: Policy | None) -> bool:
    if known is None:
        return True
    return row.updated_at >= known.source_updated_at and _fingerprint(row) != known.fingerprint


def _fingerprint(row: CorePolicy) -> str:
    return hashlib.sha256(row.model_dump_json(exclude={"updated_at"}).encode()).hexdigest()


def _write(rows: list[CorePolicy], known: dict[str, Policy], context: RunContext) -> list[Policy]:
    if not rows:
        return []
    # From here to the end of the transaction no holder is linked elsewhere (link_holders keeps a lock): no policy can
    # miss its user between this page and `claim_policies`.
    users = link_holders(system=context.system, holders={row.holder.reference: row.holder for row in rows}.values())
    erased = erased_holders(system=context.system, references=list(users))
    policies = [_policy(row, known.get(row.reference), users[row.holder.reference], context) for row in rows]
    for policy in policies:
        if policy.holder_reference in erased:
            policy.insured = []
    Policy.objects.bulk_create(
        policies,
        update_conflicts=True,
        unique_fields=["system", "reference"],
        update_fields=UPDATED_FIELDS,
    )
    Coverage.objects.filter(policy__in=policies).delete()
    Coverage.objects.bulk_create(
        Coverage(policy=policy, **coverage.model_dump())
        for policy, row in zip(policies, rows, strict=True)
        for coverage in row.coverages
    )
    record_many(
        POLICY_SYNCED,
        target_type=TARGET_POLICY,
        targets={policy.pk: _what_changed(policy, known.get(policy.reference), context) for policy in policies},
    )
    for policy in policies:
        if policy.user_id and policy.holder_reference not in erased:
            request_documents(policy.pk)
    return policies


def request_documents(policy_id: object) -> None:
    """Let the documents of a policy be fetched in the background; called in the transaction that made them wanted."""
    payload = {"policy_id": str(policy_id)}
    enqueue("insure_policies.tasks.fetch_documents_task", payload=payload, priority=Priority.BULK)


def _policy(row: CorePolicy, known: Policy | None, user_id: Any, context: RunContext) -> Policy:
    policy = Policy(
        system=context.system,
        reference=row.reference,
        holder_reference=row.holder.reference,
        user_id=known.user_id if known and known.user_id else user_id,
        number=row.number,
        product_code=row.product,
        status=STATUSES[row.status],
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        insurer=row.insurer,
        insured=[insured.model_dump() for insured in row.insured],
        payment_plan=row.payment_plan,
        premium_net_in_cents=row.premium.net_in_cents,
        premium_tax_in_cents=row.premium.tax_in_cents,
        premium_total_in_cents=row.premium.total_in_cents,
        currency=row.premium.currency,
        fingerprint=_fingerprint(row),
        source_updated_at=row.updated_at,
        last_synced_at=context.now,
    )
    if known:
        policy.pk = known.pk
    return policy


def _what_changed(policy: Policy, known: Policy | None, context: RunContext) -> dict[str, object]:
    run: dict[str, object] = {"sync_run": str(context.run_id)}
    if known is None:
        return run | {"created": True, "status": str(policy.status)}
    changed = [name for name in SOURCE_FIELDS if getattr(policy, name) != getattr(known, name)]
    status = {"status_before": known.status, "status": str(policy.status)} if "status" in changed else {}
    return run | {"changed": changed, **status}
