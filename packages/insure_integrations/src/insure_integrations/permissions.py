"""The rights of this package."""

VIEW_SYNC_RUN = "insure_integrations.view_sync_run"
RUN_SYNC_JOB = "insure_integrations.run_sync_job"
VIEW_EXTERNAL_CALL = "insure_integrations.view_external_call"
RETRY_OUTBOX_MESSAGE = "insure_common.retry_outbox_message"
