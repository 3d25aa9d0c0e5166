"""Tables that every package relies on: the outbox and the idempotency keys."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from insure_common import clock
from insure_common.ids import new_id


class OutboxMessage(models.Model):
    """Work that must happen after a commit: the queue of record.

    READY -> LEASED (until, token) -> DONE; a lease that runs out goes back to READY, too many attempts end in FAILED.
    """

    class Status(models.TextChoices):
        READY = "READY"
        LEASED = "LEASED"
        DONE = "DONE"
        FAILED = "FAILED"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.CharField(max_length=200)
    payload = models.JSONField()
    status = models.CharField(max_length=6, choices=Status.choices, default=Status.READY)
    priority = models.SmallIntegerField()
    due_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    dedupe_key = models.CharField(max_length=200, null=True, unique=True)  # noqa: DJ001 null is "no key", many rows have none
    correlation_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="outbox_lease_is_whole",
                condition=Q(status="LEASED", lease_token__isnull=False, leased_until__isnull=False)
                | (~Q(status="LEASED") & Q(leased_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="outbox_finished_has_time",
                condition=Q(status__in=["DONE", "FAILED"], finished_at__isnull=False)
                | Q(status__in=["READY", "LEASED"], finished_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["priority", "due_at"], name="outbox_ready", condition=Q(status="READY")),
            models.Index(fields=["leased_until"], name="outbox_leased", condition=Q(status="LEASED")),
            models.Index(fields=["finished_at"], name="outbox_done", condition=Q(status="DONE")),
            models.Index(fields=["finished_at"], name="outbox_failed", condition=Q(status="FAILED")),
        ]
        permissions = [("retry_outbox_message", "Can make messages due again that have failed")]

    def __str__(self) -> str:
        return f"{self.task} {self.status}"


class ProcessLife(models.Model):
    """The last sign of life of a kind of background process; see `insure_common.liveness`."""

    process = models.CharField(max_length=20, primary_key=True)
    seen_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.process} {self.seen_at}"


class IdempotencyKey(models.Model):
    """What a call with an Idempotency-Key made; committed together with it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    route = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField()
    object_id = models.UUIDField()
    created_at = models.DateTimeField(default=clock.now, editable=False, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "route", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"
