#!/bin/sh
# Print a Python that can make the environment: the one given, else the first that will do.
# Usage: find_python.sh [PYTHON]
set -u

usable='import sys
if not (3, 11) <= sys.version_info < (3, 15):
    sys.exit("is Python %d.%d, expected 3.11 to 3.14" % sys.version_info[:2])
try:
    import ensurepip, venv
except ImportError:
    sys.exit("cannot make virtual environments (Debian, Ubuntu: apt-get install python3-venv)")'

[ $# -gt 0 ] || set -- python3 python3.14 python3.13 python3.12 python3.11

reasons=""
for python in "$@"; do
    if ! command -v "$python" >/dev/null 2>&1; then
        reason="is not installed"
    elif reason=$("$python" -c "$usable" 2>&1); then
        echo "$python"
        exit 0
    fi
    reasons="$reasons
  - $python $reason"
done
echo "error: no usable Python found (install one, or name it: make PYTHON=/path/to/python ...):$reasons" >&2
exit 1
