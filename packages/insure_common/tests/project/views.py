"""Views that use each convention once."""

from django.contrib.auth import get_user_model
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from insure_common import correlation, outbox
from insure_common.api.permissions import requires
from insure_common.api.serializers import AmountInCentsField, StrictSerializer, TextField
from insure_common.api.throttles import FairUse
from insure_common.api.views import ListView, PageQuery, validated
from insure_common.exceptions import Conflict
from insure_common.idempotency import idempotently
from insure_common.models import OutboxMessage
from insure_common.testing.members.models import Member


class ThingSerializer(StrictSerializer):
    name = TextField(max_length=40)
    amount_in_cents = AmountInCentsField(required=False)
    id = serializers.UUIDField(read_only=True)


class Things(APIView):
    def get(self, request):
        return Response({"correlation_id": correlation.correlation_id(), "address": correlation.client_address()})

    def post(self, request):
        data = validated(ThingSerializer, request.data)

        def effect():
            message_id = outbox.enqueue("project.consumers.note", payload={"text": data["name"]})
            if data["name"] == "refused":
                raise Conflict
            return OutboxMessage.objects.get(pk=message_id)

        outcome = idempotently(request, effect=effect, status=202)
        return Response({"id": str(outcome.object_id)}, status=outcome.status, headers=outcome.headers)


class Scarce(APIView):
    permission_classes = []
    throttle_classes = [FairUse]
    throttle_scope = "scarce"

    def get(self, request):
        return Response({})


class Failing(APIView):
    permission_classes = []
    failures = {
        "crash": RuntimeError("secret detail"),
        "missing": Http404(),
        "deep": RecursionError(),
        "taken": IntegrityError("secret detail"),
        "range": DataError("secret detail"),
        "gone": OperationalError("secret detail"),
        "closed": InterfaceError("secret detail"),
        "large": RequestDataTooBig("secret detail"),
        "suspicious": SuspiciousOperation("secret detail"),
    }

    def get(self, request, kind):
        raise self.failures[kind]


class MemberQuery(PageQuery):
    email = serializers.EmailField(required=False)


class MemberSerializer(serializers.ModelSerializer):
    class Meta:
        model = get_user_model()
        fields = ["id", "email"]


class Members(ListView):
    serializer_class = MemberSerializer
    query_serializer_class = MemberQuery
    permission_classes = [requires("members.view_member")]

    def get_queryset(self):
        return Member.objects.filter(**self.filters)
