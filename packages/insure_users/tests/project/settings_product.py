"""A product with a user model of its own."""

from project.settings import *  # noqa: F403 the same project
from project.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = ["product", *INSTALLED_APPS]
AUTH_USER_MODEL = "product.Policyholder"
DATABASES["default"]["TEST"]["NAME"] = "test_insure_users_product"
