"""The port PEOPLE over the foreign user model."""

from typing import Any

from insure_common.people import Person
from insure_common.testing.members.models import Member


class MembersPeople:
    def get(self, user_id: Any) -> Person | None:
        return self._person(Member.objects.filter(pk=user_id).first())

    def find_verified(self, *, id_type: str, id_number: str, email: str) -> Person | None:
        found = Member.objects.filter(id_type=id_type, id_number=id_number, email__iexact=email, is_active=True)
        return self._person(found.first())

    def _person(self, member: Member | None) -> Person | None:
        if member is None:
            return None
        return Person(
            user_id=member.pk,
            full_name=member.full_name,
            id_type=member.id_type,
            id_number=member.id_number,
            email=member.email,
            phone="+573001234567",
        )
