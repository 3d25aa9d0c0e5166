"""WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

from deploy_project.start import refuse_wrong_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy_project.settings")

application = get_wsgi_application()
refuse_wrong_settings()
