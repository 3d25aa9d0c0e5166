"""A sync job as a product writes one."""

from insure_integrations.public import CorePolicy, PageResult, SyncJob, link_holders
from project.models import Policy


def fetch(core, *, updated_since, cursor, limit):
    return core.policies(updated_since=updated_since, cursor=cursor, limit=limit)


def apply(rows, context):
    users = link_holders(system=context.system, holders=[row.holder for row in rows])
    created = updated = unchanged = 0
    refused = []
    for row in rows:
        known = Policy.objects.filter(reference=row.reference).first()
        values = {"premium_in_cents": row.premium.total_in_cents, "user_id": users[row.holder.reference]}
        if known is None:
            Policy.objects.create(reference=row.reference, holder_reference=row.holder.reference, **values)
            created += 1
        elif known.holder_reference != row.holder.reference:
            refused.append((row.reference, "belongs to another holder"))
        elif known.premium_in_cents != values["premium_in_cents"]:
            Policy.objects.filter(pk=known.pk).update(writes=known.writes + 1, **values)
            updated += 1
        else:
            unchanged += 1
    return PageResult(created=created, updated=updated, unchanged=unchanged, refused=refused)


JOB = SyncJob(name="casse.policies", system="CASSE", parse=CorePolicy, fetch=fetch, apply=apply)
