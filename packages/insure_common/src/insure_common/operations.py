"""Migration operations."""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

ATTACH = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION insure_refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION insure_refuse_change();
"""
DETACH = "DROP TRIGGER append_only ON {table}; DROP TRIGGER no_truncate ON {table};"


class AppendOnly(Operation):
    """Let PostgreSQL refuse UPDATE, DELETE and TRUNCATE on a model's table (SQLSTATE 23001, an IntegrityError).

    The migration depends on `("insure_common", "0001_initial")`, which holds the trigger's function.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._execute(ATTACH, app_label, schema_editor, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._execute(DETACH, app_label, schema_editor, from_state)

    def _execute(self, sql: str, app_label: str, schema_editor: BaseDatabaseSchemaEditor, state: ProjectState) -> None:
        model: Any = state.apps.get_model(app_label, self.model_name)
        schema_editor.execute(sql.format(table=schema_editor.quote_name(model._meta.db_table)))

    def describe(self) -> str:
        return f"Make {self.model_name} append-only"
