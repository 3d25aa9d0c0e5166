"""The trail and its seals. All three tables of record only grow: triggers refuse UPDATE, DELETE and TRUNCATE."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id


class Event(models.Model):
    """Who did what to which object, when, from where and in which piece of work."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("actor"),
    )
    actor_role = models.CharField(_("role"), max_length=50, blank=True)
    action = models.CharField(_("action"), max_length=100)
    target_type = models.CharField(_("target type"), max_length=100)
    target_id = models.CharField(_("target"), max_length=200)
    occurred_at = models.DateTimeField(_("time"), default=clock.now, editable=False, db_index=True)
    correlation_id = models.UUIDField(_("correlation id"), null=True, db_index=True)
    client_address = models.GenericIPAddressField(_("client address"), null=True)
    metadata = models.JSONField(_("metadata"), default=dict)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        default_permissions = ()
        permissions = [("view_audit_event", "Can read the audit trail")]
        indexes = [
            models.Index(fields=["actor", "-id"], name="audit_event_actor"),
            models.Index(fields=["action", "-id"], name="audit_event_action"),
            models.Index(fields=["target_type", "target_id", "-id"], name="audit_event_target"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target_id}"


class Unsealed(models.Model):
    """The sealer's queue: a trigger adds each new event in the event's own transaction, sealing removes it.

    Ids are not in commit order and the trail only grows, so neither "everything after the last id" nor a search through
    all events would do. Verification does not trust this table.
    """

    event = models.OneToOneField(Event, on_delete=models.PROTECT, primary_key=True, related_name="+")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.event_id)


class Seal(models.Model):
    """A signed head: the Merkle root of a batch of events, chained to the seal before."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    size = models.PositiveBigIntegerField(unique=True, help_text="Events under this seal and all before it.")
    count = models.PositiveIntegerField(help_text="Events under this seal.")
    root = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, help_text="Digest of the head before; zeros for the first.")
    key_id = models.CharField(max_length=50)
    signature = models.CharField(max_length=128)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="audit_seal_starts_at_one", condition=Q(seq__gte=1)),
            models.CheckConstraint(
                name="audit_seal_holds_events", condition=Q(count__gte=1, size__gte=models.F("count"))
            ),
        ]

    def __str__(self) -> str:
        return str(self.seq)


class SealEntry(models.Model):
    """The place of one event in the whole trail, counted from one without gaps."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="seal_entry")
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="entries")
    digest = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(name="audit_entry_starts_at_one", condition=Q(seq__gte=1))]

    def __str__(self) -> str:
        return str(self.seq)
