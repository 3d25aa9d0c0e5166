"""A report over the foreign user model."""

from insure_audit.public import Cell, Column, ReportKind, register_report_kinds
from insure_common.api.serializers import StrictSerializer
from insure_common.masking import masked_document, masked_name
from insure_common.money import Money
from insure_common.testing.members.models import Member

PRICE = Money(-1_234_567_50, "COP")


class Nothing(StrictSerializer):
    pass


def _row(member):
    return (member.full_name, member.id_number, None, len(member.email), PRICE, "COP")


def register():
    register_report_kinds(
        {
            "tests.members": ReportKind(
                title="Members",
                permission="insure_audit.view_audit_event",
                columns=(
                    Column("Name", mask=masked_name),
                    Column("Document", mask=masked_document),
                    Column("Left", Cell.DATE),
                    Column("Length", Cell.INTEGER, has_total=True),
                    Column("Price", Cell.MONEY, has_total=True),
                    Column("Currency"),
                ),
                parameters=Nothing,
                query=lambda parameters: Member.objects.order_by("pk").values_list(
                    "full_name", "id_number", "email", named=True
                ),
                rows=lambda members: map(_row, members),
            ),
            "tests.period": ReportKind(
                title="Period",
                permission="insure_audit.view_audit_event",
                columns=(Column("Name"),),
                query=lambda parameters: Member.objects.none(),
                rows=lambda members: (),
            ),
        }
    )
