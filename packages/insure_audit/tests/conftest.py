import pytest


@pytest.fixture(scope="session", autouse=True)
def _declared_action():
    from insure_audit.public import register_actions

    register_actions({"tests.thing_changed": "Thing changed"})
