"""Search, training, reports and the commands."""

import os
import sys

from search.system.identity import give_identity

if sys.platform == "darwin":  # read when PyTorch is imported: what the GPU of a Mac lacks is done by the CPU
    os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")
give_identity()
