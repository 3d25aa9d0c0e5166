"""What other packages may use."""

from insure_integrations.client import CircuitOpen, ResilientClient, Response, SystemUnreachable, UnreadableAnswer
from insure_integrations.clients.base import (
    CoreCharge,
    CoreChargeStatus,
    CoreCoverage,
    CoreDocument,
    CoreHolder,
    CoreInsured,
    CoreModel,
    CorePolicy,
    CorePolicyStatus,
    CorePremium,
    CoreRefused,
    CoreStatement,
    CoreSystem,
    CoreSystemError,
    CoreUnavailable,
    Page,
    PaymentReport,
    ReversalReport,
)
from insure_integrations.clients.registry import core_system
from insure_integrations.jobs import PageResult, RunContext, SyncJob, register_sync_job
from insure_integrations.kinds import NotificationKind, register_notification_kinds
from insure_integrations.selectors.export import export_person
from insure_integrations.selectors.holders import erased_holders
from insure_integrations.services.erase_calls import erase_calls
from insure_integrations.services.link_holders import link_holders
from insure_integrations.services.notify import notify
from insure_integrations.services.purge import purge
from insure_integrations.services.request_sync import request_sync
from insure_integrations.services.retry_messages import retry_messages

__all__ = [
    "CircuitOpen",
    "CoreCharge",
    "CoreChargeStatus",
    "CoreCoverage",
    "CoreDocument",
    "CoreHolder",
    "CoreInsured",
    "CoreModel",
    "CorePolicy",
    "CorePolicyStatus",
    "CorePremium",
    "CoreRefused",
    "CoreStatement",
    "CoreSystem",
    "CoreSystemError",
    "CoreUnavailable",
    "NotificationKind",
    "Page",
    "PageResult",
    "PaymentReport",
    "ResilientClient",
    "Response",
    "ReversalReport",
    "RunContext",
    "SyncJob",
    "SystemUnreachable",
    "UnreadableAnswer",
    "core_system",
    "erase_calls",
    "erased_holders",
    "export_person",
    "link_holders",
    "notify",
    "purge",
    "register_notification_kinds",
    "register_sync_job",
    "request_sync",
    "retry_messages",
]
