"""What a provider offers, kept so that no request waits for the provider."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProviderCatalog(models.Model):
    """Methods, banks and documents to accept of one provider, as last fetched."""

    provider = models.CharField(_("provider"), max_length=20, primary_key=True)
    methods = models.JSONField(_("methods"), default=list, db_default=models.Value(["PSE"], models.JSONField()))
    institutions = models.JSONField(_("institutions"))
    accepted_documents = models.JSONField(_("documents to accept"))
    refreshed_at = models.DateTimeField(_("refreshed at"))

    class Meta:
        verbose_name = _("provider catalog")
        verbose_name_plural = _("provider catalogs")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.provider
