"""The port PEOPLE over the foreign user model."""

from collections.abc import Iterable
from typing import Any

from insure_common.people import Person
from insure_common.testing.members.models import Member


class MembersPeople:
    def get(self, user_id: Any) -> Person | None:
        member = Member.objects.filter(pk=user_id).first()
        return self._person(member) if member else None

    def get_many(self, user_ids: Iterable[Any]) -> dict[Any, Person]:
        return {member.pk: self._person(member) for member in Member.objects.filter(pk__in=list(user_ids))}

    def find_verified(self, *, id_type: str, id_number: str, email: str) -> Person | None:
        found = Member.objects.filter(id_type=id_type, id_number=id_number, email__iexact=email, is_active=True)
        member = found.first()
        return self._person(member) if member else None

    def _person(self, member: Member) -> Person:
        return Person(
            user_id=member.pk,
            full_name=member.full_name,
            id_type=member.id_type,
            id_number=member.id_number,
            email=member.email,
            phone="+573001234567",
        )
