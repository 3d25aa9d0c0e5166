"""The same suite in a product whose user model is a subclass of AbstractInsureUser."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_whole_suite_passes_with_another_user_model():
    pytest = Path(sys.executable).with_name("pytest")
    others = [f"--ignore={HERE / name}" for name in ("test_product.py", "test_model.py")]
    command = [pytest, "-q", "--ds=project.settings_product", *others, HERE]
    run = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
