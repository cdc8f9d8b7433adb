#!/bin/bash
# Makes a minimal Debian once and keeps it: `debian-base.sh CACHE` prints the path of its archive. Needs root and debootstrap.
set -euo pipefail
cache=$1
base=$cache/container-base.tar
if [ ! -f "$base" ]; then
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/container-base.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    echo "debian-base.sh: debootstrap (once)" >&2
    debootstrap --variant=minbase bookworm "$work/tree" >"$work/debootstrap.log" 2>&1 || {
        tail -20 "$work/debootstrap.log" >&2
        exit 1
    }
    tar -C "$work/tree" --numeric-owner --exclude='./dev/*' --exclude='./var/cache/apt/archives/*' -cf "$work/base.tar" .
    mv "$work/base.tar" "$base"
fi
echo "$base"
