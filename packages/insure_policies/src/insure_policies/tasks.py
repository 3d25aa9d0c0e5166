"""Outbox consumers."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from insure_common.outbox import consumer
from insure_policies.services.claim_policies import claim_policies
from insure_policies.services.erase_insured import erase_insured
from insure_policies.services.fetch_documents import fetch_documents


@consumer()
def claim_policies_task(payload: dict[str, Any]) -> None:
    """Subscriber of `holder_linked`."""
    claim_policies(system=payload["system"], holder_reference=payload["reference"], user_id=payload["user_id"])


@consumer(atomic=False, time_limit=timedelta(minutes=10))
def erase_insured_task(payload: dict[str, Any]) -> None:
    """Subscriber of `holder_erased`."""
    erase_insured(system=payload["system"], holder_reference=payload["reference"])


@consumer(atomic=False, time_limit=timedelta(minutes=5), max_attempts=5)
def fetch_documents_task(payload: dict[str, Any]) -> None:
    fetch_documents(policy_id=UUID(payload["policy_id"]))
