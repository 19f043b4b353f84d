#!/usr/bin/env bash
# The Compose file on a container engine, from the build to the last `up`: one line for each thing that must hold.
# Usage: acceptance.sh            needs a Python with this project; ENGINE=podman for another engine
# Both studies complete ELIMNET_TRIALS trials (default 3) on scikit-learn's digits. Output goes to runs/acceptance/.
set -euo pipefail
cd "$(dirname "$0")/.."

engine=${ENGINE:-docker}
out=runs/acceptance
export COMPOSE_PROJECT_NAME=elimnet-acceptance DASHBOARD_PORT=18080 DATABASE_PUBLISH=127.0.0.1:54329
export CONFIG=configs/demo.yaml ELIMNET_TRIALS=${ELIMNET_TRIALS:-3}
unset DATA_DIR
dashboard=http://127.0.0.1:$DASHBOARD_PORT
mkdir -p "$out"

compose() { "$engine" compose "$@"; }
holds() { # WHAT COMMAND...
    if "${@:2}"; then echo "ok    $1"; else echo "FAIL  $1" && failed=yes; fi
}
within() { # SECONDS COMMAND...: whether the command comes to succeed
    local end=$((SECONDS + $1))
    until "${@:2}" >/dev/null 2>&1; do [ $SECONDS -lt $end ] && sleep 1 || return 1; done
}
container() { compose ps --all --quiet "$1"; }
state() { "$engine" inspect --format "$2" "$(container "$1")"; } # SERVICE FORMAT
is() { [ "$(state "$1" "$2")" = "$3" ]; }                        # SERVICE FORMAT VALUE
logged() { compose logs --no-log-prefix "$1" 2>&1 | grep -q "$2"; } # SERVICE PATTERN
shows_both_studies() { curl -fsS "$dashboard/api/studies" | grep -q "demo/elimination.*demo/scratch"; }
report() { # OPTION...: the report from the host, through the published port
    DATABASE_URL=postgresql://elimnet@$DATABASE_PUBLISH/elimnet DATABASE_PASSWORD_FILE=$out/password \
        python -m search.report --pareto --config "$CONFIG" "$@"
}
completed() { # whether each study has its budget, and no more than a trial a worker over it
    report --json - | python -c '
import json, os, sys
budget, workers = int(os.environ["ELIMNET_TRIALS"]), os.cpu_count()
studies = [standing["study"] for standing in json.load(sys.stdin)["studies"]]
counts = {study["name"]: sum(study["counts"][kind] for kind in ("complete", "infeasible", "stopped")) for study in studies}
print(f"      finished trials: {counts}")
sys.exit(not (len(counts) == 2 and all(budget <= count <= budget + workers for count in counts.values())))'
}
is_secret() { # whether the password is in no log, no environment and no command line
    local password all
    password=$(cat "$out/password")
    all=$(compose logs 2>&1; for id in $(compose ps --all --quiet); do "$engine" inspect "$id"; "$engine" top "$id" 2>&1 || true; done)
    ! grep -qF "$password" <<<"$all"
}
small() { [ "$("$engine" image inspect --format '{{.Size}}' elimnet-search-dashboard)" -lt 400000000 ]; }
locked_down() { # SERVICE
    is "$1" '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.Config.User}}' 'true [ALL] 10001:10001'
}

failed=no
trap 'compose logs --no-color >"$out/compose.log" 2>&1; compose down --volumes --timeout 5 >/dev/null 2>&1' EXIT
compose build
holds "the dashboard's image is under 400 MB" small

compose up --detach workers
holds "the dashboard answers" curl -fsS --output /dev/null "$dashboard/api/meta"
holds "the workers' log has the dashboard's address" within 120 logged workers "$dashboard"
holds "the workers are locked down" locked_down workers
holds "the dashboard is locked down" locked_down dashboard
compose exec -T postgres cat /run/secrets/database/password >"$out/password"
chmod 600 "$out/password"

holds "a trial completes" within 900 logged workers ' F1 '
# shellcheck disable=SC2016  # expanded in the container: the one child of its init
compose exec -T workers sh -c 'kill -KILL $(cat /proc/1/task/1/children)' || true
holds "workers that crash come back" within 30 is workers '{{.State.Running}} {{.RestartCount}}' 'true 1'
sleep 20
SECONDS=0
compose stop workers
took=$SECONDS
holds "stop takes less than 10 seconds ($took)" test "$took" -lt 10
holds "stopped workers end with 143" is workers '{{.State.ExitCode}}' 143
compose up --detach workers
holds "up goes on, and ends with 0" within 1800 is workers '{{.State.Running}} {{.State.ExitCode}}' 'false 0'
holds "both studies have their budget" completed
sleep 5
holds "workers that finished stay down" is workers '{{.State.Running}}' false
holds "the dashboard shows both studies" shows_both_studies
holds "the report reads the same storage from the host" report --png "$out/pareto.png" --html "$out/pareto.html"
holds "the password is in no log, environment or command line" is_secret
if command -v chromium >/dev/null; then
    chromium --headless --no-sandbox --disable-gpu --window-size=1400,1600 --virtual-time-budget=20000 \
        --screenshot="$out/dashboard.png" "$dashboard/dashboard/studies/1" >/dev/null 2>&1
    echo "look at $out/dashboard.png"
fi
rm -f "$out/password"
[ $failed = no ]
