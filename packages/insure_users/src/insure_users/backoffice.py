"""The door of the back office: Django's admin, entered by password and e-mail code.

Django's session holds the id of a `Session`, which is looked up on every request: whatever ends that one (signing out,
another password, role or status, a look at one's devices on the phone, time) ends the back office with it.
"""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from insure_common.exceptions import APIException, TooManyRequests, ValidationError
from insure_common.masking import masked_email
from insure_users.conf import UsersSettings
from insure_users.identity import LONGEST_EMAIL, canonical_email
from insure_users.models import Session
from insure_users.password_rules import LONGEST_PASSWORD
from insure_users.selectors.sessions import live_session
from insure_users.services.challenges import resend_code
from insure_users.services.passwords import change_password
from insure_users.services.sessions import keep_back_office_session, sign_out
from insure_users.services.sign_in import log_in, verify_back_office_code

SESSION = "insure_users.session"
CHALLENGE = "insure_users.challenge"
DESTINATION = "insure_users.destination"


class BackOffice(AdminSite):
    """The site of `insure_users.apps.BackOfficeConfig`."""

    site_header = site_title = _("Insurance back office")
    index_title = _("Overview")
    site_url = None

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and session_of(request) is not None

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [path("login/code/", self.login_code, name="login_code"), *super().get_urls()]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return PasswordPage.as_view(site=self)(request)

    def login_code(self, request: HttpRequest) -> HttpResponseBase:
        return CodePage.as_view(site=self)(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return NewPasswordPage.as_view(site=self)(request)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        session = session_of(request)
        if session is not None and request.method == "POST":
            sign_out(session_id=session.pk, user_id=session.user_id)
        return super().logout(request, extra_context)


def session_of(request: HttpRequest) -> Session | None:
    """The live session behind Django's, read once a request and kept from running idle."""
    found = vars(request)
    if SESSION not in found:
        found[SESSION] = _live_session_of(request)
    return cast("Session | None", found[SESSION])


def _live_session_of(request: HttpRequest) -> Session | None:
    session_id = request.session.get(SESSION)
    if session_id is None or not request.user.is_authenticated:
        return None
    session = live_session(session_id=UUID(session_id), user_id=request.user.pk)
    if session is not None:
        keep_back_office_session(session)
    return session


def _password(label: Any, **attrs: object) -> forms.CharField:
    """The exact characters: nothing is trimmed or cut."""
    return forms.CharField(
        label=label, max_length=LONGEST_PASSWORD, strip=False, widget=forms.PasswordInput(attrs=attrs)
    )


class PasswordForm(forms.Form):
    email = forms.CharField(
        label=_("E-mail"),
        max_length=LONGEST_EMAIL,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = _password(_("Password"), autocomplete="current-password")

    def clean_email(self) -> str:
        return canonical_email(self.cleaned_data["email"])


class CodeForm(forms.Form):
    """Its page has an input of its own, which never repeats the code."""

    code = forms.RegexField(r"\A[0-9]{6}\Z", error_messages={"invalid": _("The code has six digits.")})


class NewPasswordForm(forms.Form):
    current_password = _password(_("Present password"), autocomplete="current-password", autofocus=True)
    new_password = _password(_("New password"), autocomplete="new-password")


@method_decorator([sensitive_post_parameters(), csrf_protect, never_cache], name="dispatch")
class Page(RedirectURLMixin, FormView):  # type: ignore[type-arg] # Django's is not subscriptable
    """One form in the middle of the screen; what a service refuses stands above it."""

    site: BackOffice | None = None
    next_page = "admin:index"
    template_name = "insure_users/backoffice/page.html"
    heading = action = _("Sign in")

    def act(self, **values: str) -> HttpResponse:
        raise NotImplementedError

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return self.act(**form.cleaned_data)
        except TooManyRequests as error:
            form.add_error(None, _wait(error))
            response = self.form_invalid(form)
            response.status_code, response["Retry-After"] = error.status_code, str(error.wait)
            return response
        except ValidationError as error:
            form.add_error(None, cast("dict[str, list[str]]", error.detail))
        except APIException as error:
            form.add_error(None, str(error.detail))
        return self.form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        assert self.site
        own = {"title": self.heading, "action": self.action, "next": self.get_redirect_url()}
        return super().get_context_data(**self.site.each_context(self.request), **own, **kwargs)

    def to(self, name: str) -> HttpResponse:
        """To another page of the door, which remembers where the user wants to go."""
        target = self.get_redirect_url()
        return HttpResponseRedirect(reverse(name, query={self.redirect_field_name: target} if target else None))


class PasswordPage(Page):
    form_class = PasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        assert self.site
        if self.site.has_permission(request):
            return HttpResponseRedirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def act(self, **values: str) -> HttpResponse:
        challenge = log_in(**values, device_name=gettext("Back office"), staff_only=True)
        self.request.session.flush()
        self.request.session[CHALLENGE] = str(challenge.pk)
        self.request.session[DESTINATION] = masked_email(challenge.destination)
        self.request.session.set_expiry(UsersSettings.load().CHALLENGE_MINUTES * 60)
        return self.to("admin:login_code")


class CodePage(Page):
    form_class = CodeForm
    template_name = "insure_users/backoffice/code.html"
    heading = _("Confirm that it is you")
    action = _("Continue")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if CHALLENGE not in request.session:
            return self.to("admin:login")
        return super().dispatch(request, *args, **kwargs)

    def get_form_class(self) -> type[forms.Form]:
        return forms.Form if "resend" in self.request.POST else CodeForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(destination=self.request.session[DESTINATION], **kwargs)

    def act(self, **values: str) -> HttpResponse:
        challenge_id = UUID(self.request.session[CHALLENGE])
        if not values:
            resend_code(challenge_id=challenge_id)
            messages.success(self.request, gettext("We have sent you another code; the one before no longer holds."))
            return self.to("admin:login_code")
        session = verify_back_office_code(challenge_id=challenge_id, **values)
        self.request.session.flush()
        login(self.request, session.user, backend="insure_users.backends.RoleBackend")
        self.request.session[SESSION] = str(session.pk)
        self.request.session.set_expiry(UsersSettings.load().BACK_OFFICE_HOURS * 3600)
        return HttpResponseRedirect(self.get_success_url())


class NewPasswordPage(Page):
    """Django's own would neither audit the change nor end the other sessions."""

    form_class = NewPasswordForm
    heading = _("Change your password")
    action = _("Change")

    def act(self, **values: str) -> HttpResponse:
        session = cast(Session, session_of(self.request))
        change_password(user=session.user, session_id=session.pk, **values)
        session.user.refresh_from_db(fields=["password"])
        update_session_auth_hash(self.request, session.user)
        messages.success(self.request, gettext("Your password was changed; your other devices were signed out."))
        return HttpResponseRedirect(self.get_success_url())


def _wait(error: TooManyRequests) -> str:
    seconds = error.wait or 1
    if seconds < 120:
        wait = ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
    else:
        wait = gettext("%(n)s minutes") % {"n": -(-seconds // 60)}
    return gettext("Please wait a moment: you can try again in %(wait)s.") % {"wait": wait}
