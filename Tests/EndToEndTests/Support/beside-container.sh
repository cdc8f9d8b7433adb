#!/bin/bash
# Runs a command, and builds the container image of the Dockerfile meanwhile, with what the processors have left: the tests that
# are run do not notice it. ContainerImageTests find it built. `beside-container.sh CACHE COMMAND...`
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cache=$(cd "$1" && pwd)
shift

# In a session of its own, so that all of it can be ended. Linux shares processors between sessions before it looks at their
# processes, so the session steps back first.
# shellcheck disable=SC2016
setsid bash -c 'echo 19 2>/dev/null >/proc/self/autogroup; exec chrt --idle 0 ionice -c 3 "$@"' _ \
    "$here/build-container.sh" "$(cd "$here/../../.." && pwd)" "$cache" \
    --root "$cache/container/root" --runroot "$cache/container/run" --storage-driver vfs >"$cache/container.log" 2>&1 &
build=$!
"$@"
status=$?
if [ $status -ne 0 ]; then kill -- "-$build" 2>/dev/null || kill "$build" 2>/dev/null; fi
# If it failed, the tests build it again, and say why.
wait "$build"
exit $status
