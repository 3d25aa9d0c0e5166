from django.contrib import admin

from insure_users.admin import UserAdmin
from product.models import Policyholder

admin.site.register(Policyholder, UserAdmin)
