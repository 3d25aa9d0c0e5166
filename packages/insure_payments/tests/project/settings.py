import os

from insure_common.testing.project import base_settings

globals().update(base_settings("insure_payments", apps=["insure_audit", "insure_integrations"]))

INSURE_PAYMENTS = {
    "GATEWAYS": {"WOMPI": {"gateway": "project.gateway.ScriptedGateway", "environment": "test"}},
}

INSURE_INTEGRATIONS = {"SYSTEMS": {"CASSE": {"client": "project.core.RememberingCore"}}}

INSURE_COMMON = globals()["INSURE_COMMON"] | {
    "REDIS_URL": os.environ["REDIS_URL"],
    "COMPANY": {
        "name": "Seguros del Valle S.A.",
        "tax_id": "900.123.456-7",
        "address": "Carrera 7 # 71-21, Bogotá D.C.",
        "contact": "servicio@segurosdelvalle.example",
    },
    "VERIFIERS": ["insure_payments.public.verify_receipt"],
    "SUBSCRIBERS": {
        "user_activated": ["insure_integrations.tasks.link_user_task"],
        "holder_linked": ["insure_payments.tasks.claim_charges_task"],
    },
}

SPECTACULAR_SETTINGS = globals()["SPECTACULAR_SETTINGS"] | {
    "ENUM_NAME_OVERRIDES": {
        "ChargeStatus": "insure_payments.enums.ChargeStatus",
        "PaymentMethodType": "insure_payments.enums.PaymentMethod",
        "PaymentStatus": "insure_payments.enums.PaymentStatus",
        "TransactionStatus": "insure_payments.enums.TransactionStatus",
        "ReconciliationStatus": "insure_payments.enums.ReconciliationStatus",
        "WebhookStatus": "insure_payments.enums.WebhookStatus",
        "CaseKind": "insure_payments.enums.CaseKind",
        "CaseOutcome": "insure_payments.enums.CaseOutcome",
        "ReportFormat": "insure_audit.enums.ReportFormat",
        "ReportStatus": "insure_audit.enums.ReportStatus",
        "FailureReason": "insure_payments.enums.FailureReason",
        "ReportFailure": "insure_audit.enums.ReportFailure",
        "SyncStatus": "insure_integrations.enums.SyncStatus",
    }
}

STATIC_URL = "/static/"  # the live server serves static files too
