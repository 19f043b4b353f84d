#!/usr/bin/env bash
# The Compose file on a container engine, from the build to the last `up`: one line for each thing that must hold.
# Usage: acceptance.sh        needs a Python with this project; ENGINE=podman for another engine
# First both studies on scikit-learn's digits, through a kill, a paused and a cut-off database, `stop` and `up`; then
# both on a folder of images. ELIMNET_TRIALS (default 6) is each study's budget. Output goes to runs/acceptance/.
set -euo pipefail
cd "$(dirname "$0")/.."

engine=${ENGINE:-docker}
out=$PWD/runs/acceptance
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
export COMPOSE_PROJECT_NAME=elimnet-acceptance DASHBOARD_PORT=18080 DATABASE_PUBLISH=127.0.0.1:54329
export CONFIG=configs/demo.yaml ELIMNET_TRIALS=${ELIMNET_TRIALS:-6} ELIMNET_MINUTES=1000
unset DATA_DIR ELIMNET_NAME WORKERS
dashboard=http://127.0.0.1:$DASHBOARD_PORT
rm -rf "$out"
mkdir -p "$out"

compose() { "$engine" compose --ansi never --progress quiet "$@"; }
say() { printf '%4d s  %s\n' $SECONDS "$*"; }
holds() { # WHAT COMMAND...
    if "${@:2}"; then say "ok    $1"; else say "FAIL  $1" && failed=yes; fi
}
not() { ! "$@"; }
within() { # SECONDS COMMAND...: whether the command comes to succeed
    local end=$((SECONDS + $1))
    until "${@:2}" >/dev/null 2>&1; do [ $SECONDS -lt $end ] && sleep 1 || return 1; done
}
containers() { compose ps --all --quiet "$@"; }
is() { # SERVICE FORMAT VALUE: of all containers of the service
    # shellcheck disable=SC2046  # an id a word
    [ "$("$engine" inspect --format "$2" $(containers "$1") | sort -u)" = "$3" ]
}
logged() { compose logs --no-log-prefix "$1" 2>&1 | grep -q -- "$2"; } # SERVICE PATTERN
trials_ended() { [ "$(compose logs --no-log-prefix workers 2>&1 | grep -c ' F1 ')" -gt "$1" ]; }
ended() { is workers '{{.State.Running}} {{.State.ExitCode}}' 'false 0'; }
restarted() { is workers '{{.State.Running}} {{.RestartCount}}' "true $1"; }

small() { [ "$("$engine" image inspect --format '{{.Size}}' elimnet-search-dashboard)" -lt 400000000 ]; }
# shellcheck disable=SC2016  # expanded in the container
locked_down() { # SERVICE
    is "$1" '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.Init}} {{.Config.User}}' \
        'true [ALL] true 10001:10001' &&
        compose exec -T "$1" sh -c '[ "$(id -u)" = 10001 ] && grep -q "CapEff:.0000000000000000" /proc/self/status' &&
        not compose exec -T "$1" touch /app/x 2>/dev/null
}
published_on_loopback() {
    is dashboard '{{json .NetworkSettings.Ports}}' '{"8080/tcp":[{"HostIp":"127.0.0.1","HostPort":"18080"}]}'
}
from_the_host() { # COMMAND...: with the database's published port
    DATABASE_URL=postgresql://elimnet@$DATABASE_PUBLISH/elimnet DATABASE_PASSWORD_FILE=$out/password "$@"
}
report() { from_the_host python -m search.report --pareto "$@"; } # OPTION...
has_budget() { from_the_host python scripts/budget.py "$1" "$ELIMNET_TRIALS"; } # SEARCH
keeps_secret() { # whether the password is in no log, no environment and no command line
    local password all
    password=$(cat "$out/password")
    all=$(compose logs 2>&1; for id in $(containers); do "$engine" inspect "$id"; "$engine" top "$id" 2>&1 || true; done)
    [ -n "$password" ] && ! grep -qF -- "$password" <<<"$all"
}
front_trial() { # SEARCH: path of the page of the joint front's best trial
    report --name "$1" --json - >"$out/report.json"
    curl -fsS "$dashboard/api/studies" | python -c '
import json, sys
ids = {study["study_name"]: study["study_id"] for study in json.load(sys.stdin)["study_summaries"]}
search, report = sys.argv[1], json.load(open(sys.argv[2]))
best = max((row for row in report["rows"] if row["joint_front"]), key=lambda row: row["f1_macro"])
print("studies/{}/trials?numbers={}".format(ids[search + "/" + best["study"]], best["trials"][0]))' "$1" "$out/report.json"
}
browse() { # NAME PATH TEXT...: a screenshot of a dashboard's page, and whether the browser shows all texts on it
    local flags=(--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
        --disable-component-update --disable-sync --hide-scrollbars "--user-data-dir=$out/browser"
        "--window-size=1400,3400" --virtual-time-budget=20000)
    "$browser" "${flags[@]}" --screenshot="$out/$1.png" "$dashboard/dashboard/$2" >/dev/null 2>&1
    "$browser" "${flags[@]}" --dump-dom "$dashboard/dashboard/$2" >"$out/$1.html" 2>/dev/null
    for text in "${@:3}"; do grep -qF -- "$text" "$out/$1.html" || { echo "        $1 lacks: $text"; return 1; }; done
}

failed=no
trap 'compose logs >"$out/images.log" 2>&1; compose down --volumes --timeout 5; rm -rf "$out/browser" "$out/password"' EXIT
"$engine" compose build
holds "the dashboard's image is under 400 MB" small

say "      both studies on the digits"
compose up --detach workers
for once in password init; do
    holds "$once did its work once and ended with 0" is $once '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}' 'exited 0 0'
done
holds "nothing had to wait for the database" not logged init 'out of reach'
holds "the dashboard answers" curl -fsS --output /dev/null "$dashboard/api/meta"
holds "the dashboard is published on loopback only" published_on_loopback
holds "the workers' log has the dashboard's address" within 120 logged workers "$dashboard"
holds "the workers are locked down" locked_down workers
holds "the dashboard is locked down" locked_down dashboard
(umask 077 && compose exec -T postgres cat /run/secrets/database/password >"$out/password")

holds "a trial completes" within 900 trials_ended 0
postgres=$(containers postgres)
"$engine" pause "$postgres" >/dev/null
sleep 15
"$engine" unpause "$postgres" >/dev/null
"$engine" network disconnect "${COMPOSE_PROJECT_NAME}_default" "$postgres"
sleep 15
"$engine" network connect --alias postgres "${COMPOSE_PROJECT_NAME}_default" "$postgres"
before=$(compose logs workers 2>&1 | grep -c ' F1 ' || true)
holds "workers wait for a database that is paused or cut off, and go on" within 300 trials_ended "$before"
holds "and none of them was started again" restarted 0

# shellcheck disable=SC2016  # expanded in the container: the one child of its init
compose exec -T workers sh -c 'kill -KILL $(cat /proc/1/task/1/children)' || true
holds "workers that crash come back" within 30 restarted 1
sleep 20
began=$SECONDS
compose stop workers
holds "stop takes less than 10 seconds ($((SECONDS - began)))" test $((SECONDS - began)) -lt 10
holds "stopped workers end with 143" is workers '{{.State.ExitCode}}' 143
compose stop
holds "the others stop cleanly" is postgres '{{.State.ExitCode}}' 0
compose up --detach --scale workers=2 workers
holds "up goes on with two containers of workers" test "$(containers workers | wc -l)" = 2
holds "both end with 0 when the budget is spent" within 1800 ended
holds "both studies have their budget" has_budget demo
sleep 5
holds "workers that finished stay down" ended
holds "the password is in no log, environment or command line" keeps_secret
holds "the report reads the same storage from the host" report --png "$out/pareto.png" --html "$out/pareto.html"
compose logs >"$out/digits.log" 2>&1

say "      both studies on a folder of images"
python - "$out/images" <<'PYTHON'
import sys
from pathlib import Path
from PIL import Image
from sklearn.datasets import load_digits

digits = load_digits()
for number, (image, label) in enumerate(zip(digits.images[:400], digits.target[:400])):
    path = Path(sys.argv[1], str(label), f"{number}.png")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((image * 255 / 16).astype("uint8")).resize((32, 32)).save(path)
PYTHON
export DATA_DIR=$out/images ELIMNET_TRIALS=1
unset CONFIG
compose up --detach workers
holds "the images cannot be changed from inside" not compose exec -T workers touch /data/x 2>/dev/null
holds "workers end with 0 when the budget is spent" within 1800 ended
holds "both studies have their budget" has_budget service-folder

if [ -n "$browser" ]; then
    both=("demo/elimination" "demo/scratch")
    holds "the browser shows both studies" browse studies "" "${both[@]}"
    holds "a study's page shows the Pareto front of both" browse study studies/1 \
        "Pareto front of all studies" "elimination: " "scratch: " "Learning curves"
    holds "a study's note says what is searched, on what, and what was found" browse note studies/1/note \
        "Searched:" "Data:" "Budget:" "Pareto front of elimination, scratch"
    holds "a front trial's page says why it is there" browse trial "$(front_trial demo)" "On the overall Pareto front" "Recipe:"
    echo "look at $out/*.png"
else
    say "      no chromium here: nothing was looked at in a browser"
fi
[ $failed = no ] && say "all of it holds"
