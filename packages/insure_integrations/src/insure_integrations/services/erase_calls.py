"""Takes payloads out of the call log. What was called, when and with what outcome stays."""

import re
from collections.abc import Collection
from functools import reduce
from operator import or_

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from insure_integrations.models import ExternalCall

ERASED = {"erased": True}
BATCH = 2_000


def erase_calls(*, mentioning: Collection[str]) -> int:
    """Blank both payloads of every logged call whose path or payload has one of the texts as a word; returns how many.

    It reads the whole log, batch by batch, each in a transaction of its own.
    """
    texts = sorted({text for text in mentioning if text})
    if not texts:
        return 0
    # Not within a longer word: a provider's number may be short.
    words = [rf"(^|[^[:alnum:]_-]){re.escape(text)}([^[:alnum:]_-]|$)" for text in texts]
    found = reduce(or_, (Q(**{f"{field}__regex": word}) for word in words for field in ("path", "asked", "answered")))
    calls = ExternalCall.objects.annotate(asked=Cast("request", TextField()), answered=Cast("response", TextField()))
    erased, last = 0, None
    while True:
        rest = ExternalCall.objects.filter(pk__gt=last) if last else ExternalCall.objects.all()
        ids = list(rest.order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            return erased
        named = calls.filter(found, pk__in=ids).values("pk")
        erased += ExternalCall.objects.filter(pk__in=named).update(request=ERASED, response=ERASED)
        last = ids[-1]
