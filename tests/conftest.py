"""What all tests share: Hypothesis without deadlines, and the helpers in tests/support."""

import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent / "support"))

# Nothing in a test depends on wall-clock speed; the machine may be busy.
settings.register_profile("toyvm", deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("toyvm")
