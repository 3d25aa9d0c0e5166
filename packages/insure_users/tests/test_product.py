"""The same suite in a product whose user model is a subclass of AbstractInsureUser."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_whole_suite_passes_with_another_user_model():
    pytest = Path(sys.executable).with_name("pytest")
    command = [pytest, "-q", "--ds=project.settings_product", f"--ignore={__file__}", HERE]
    run = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
