#!/bin/bash
# Builds the images the end-to-end tests pull, for real, and keeps them, so that only the first run pays:
#
#   rootfs.tar        a pruned debootstrap tree (bookworm, minbase)
#   images/           an OCI layout made by umoci: four layers, an index of two platforms, an artifact that refers to it
#   registry-store/   the same content as Debian's docker-registry wrote it: test/app:{multi,amd64,arm64,latest},
#                     library/app:latest, and the referrers fallback tag
#   blob-256m, blob-1m  random bytes
#
# usage: build-images.sh CACHE-DIRECTORY
# Needs root (debootstrap), debootstrap, umoci, skopeo, docker-registry, python3. Delete the directory to build anew.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:?usage: build-images.sh CACHE-DIRECTORY}"
cache=$(cd "$1" && pwd)

# Several test processes may want the images at once; one builds, the others wait and find them.
exec 9>"$cache/lock"
flock 9

recipe=$(cat "$here"/build-images.sh "$here"/compose-images.py | sha256sum | cut -d' ' -f1)
if [ "$(cat "$cache/recipe" 2>/dev/null || true)" = "$recipe" ]; then
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "build-images.sh: debootstrap needs root; run the end-to-end tests as root (sudo make test)" >&2
    exit 1
fi
rm -rf "$cache/recipe" "$cache/images" "$cache/registry-store" "$cache/work"
mkdir -p "$cache/work"
work=$cache/work
registry=
cleanup() {
    if [ -n "$registry" ]; then
        kill "$registry" 2>/dev/null || true
        wait "$registry" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap cleanup EXIT

if [ ! -f "$cache/rootfs.tar" ]; then
    mkdir "$work/tree"
    tar -C "$work/tree" --numeric-owner -xf "$("$here/debian-base.sh" "$cache")"
    # What no test looks at goes, so that a pull costs a second instead of ten.
    tar -C "$work/tree" --numeric-owner --sort=name \
        --exclude='./dev/*' --exclude='./usr/share/'{doc,man,locale,info,zoneinfo,perl5,perl,i18n,bash-completion} \
        --exclude='./var/'{cache,lib/apt,lib/dpkg,log} --exclude='./usr/lib/apt' --exclude='./usr/bin/perl*' \
        --exclude='./usr/lib/*/'{gconv,'perl*','libapt*','libicu*','libcrypto*'} \
        -cf "$cache/rootfs.tar.new" .
    mv "$cache/rootfs.tar.new" "$cache/rootfs.tar"
fi

# Layers: one file of bytes that do not compress, the tree without its programs, these, the libraries. The largest comes
# last, for the clients' vfs stores copy all lower layers for every further one.
mkdir -p "$work/rootfs" "$work/lib" "$work/app"
tar -C "$work/rootfs" --numeric-owner -xf "$cache/rootfs.tar"
mv "$work/rootfs/usr/lib" "$work/lib/lib"
mkdir "$work/bin" && mv "$work/rootfs/usr/bin" "$work/rootfs/usr/sbin" "$work/bin/"
head -c 3145728 /dev/urandom >"$work/app/payload"
echo "an application" >"$work/app/README"

layout=$cache/images
umoci init --layout "$layout"
for platform in amd64 arm64; do
    echo "$platform" >"$work/app/platform"
    umoci new --image "$layout:$platform"
    umoci insert --image "$layout:$platform" "$work/app" /opt/app
    umoci insert --image "$layout:$platform" "$work/rootfs" /
    umoci insert --image "$layout:$platform" "$work/bin" /usr
    umoci insert --image "$layout:$platform" "$work/lib" /usr
    umoci config --image "$layout:$platform" --architecture "$platform" --os linux \
        --config.entrypoint /bin/bash --config.workingdir /opt/app --author "entrepot end-to-end tests"
done
umoci gc --layout "$layout"
python3 "$here/compose-images.py" compose "$layout"

# Pushed once through Debian's own registry; the tests start their upstreams on copies of what it wrote.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$work/registry.yml" <<YML
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $cache/registry-store}}
http: {addr: "127.0.0.1:$port"}
YML
docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
registry=$!
for _ in $(seq 200); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    sleep 0.05
done
push() { skopeo copy --quiet --dest-tls-verify=false "$@"; }
push --all "oci:$layout:multi" "docker://127.0.0.1:$port/test/app:multi"
push "oci:$layout:amd64" "docker://127.0.0.1:$port/test/app:amd64"
push "oci:$layout:arm64" "docker://127.0.0.1:$port/test/app:arm64"
push "oci:$layout:amd64" "docker://127.0.0.1:$port/test/app:latest"
push "oci:$layout:amd64" "docker://127.0.0.1:$port/library/app:latest"
python3 "$here/compose-images.py" push-artifact "$layout" "http://127.0.0.1:$port" test/app

# Bytes that do not compress, for the tests about large blobs.
head -c 268435456 /dev/urandom >"$cache/blob-256m"
head -c 1048576 /dev/urandom >"$cache/blob-1m"

echo "$recipe" >"$cache/recipe"
