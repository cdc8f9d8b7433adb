#!/bin/bash
# Builds the Dockerfile of a source tree with buildah: `build-container.sh TREE CACHE PROGRAM STORE-OPTIONS...`.
#
# The two images it begins with cannot be had without a registry: both are made of a Debian base by debootstrap, and the
# toolchain of this machine is mounted where the Swift image has its own. Packages are resolved as this machine resolves
# them. Everything else is the Dockerfile's. The last line printed is the id of the image.
#
# Compiling takes longer than all other tests together: PROGRAM, as the tests have it, stands for what the Dockerfile compiles,
# and every other step is taken as it stands. With CONFIGURATION=release (or debug) that one is, too: it runs every night.
#
# What was built of the same sources is not built again; who comes while it is being built waits for it.
#
# Needs root (debootstrap, chroot), buildah, git, a Swift toolchain on PATH.
set -euo pipefail
tree=$1 cache=$2 program=$(realpath "$3")
shift 3
configuration=${CONFIGURATION:-given}
store=("$@")

mkdir -p "$cache/container"
exec 8>"$cache/container.lock"
flock 8
sources=$(cd "$tree" && find Dockerfile Package.* Sources Tests config -type f -not -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum)$configuration
built=$cache/container/built
if [ -e "$built" ] && [ "$(head -1 "$built")" = "$sources" ]; then
    tail -1 "$built"
    exit 0
fi

base=$("$(dirname "$0")/debian-base.sh" "$cache")

# $1: the name, then Dockerfile lines after FROM.
image() {
    local name=$1 container
    shift
    container=$(buildah "${store[@]}" from scratch)
    buildah "${store[@]}" add --quiet "$container" "$base" / >&2
    buildah "${store[@]}" config --cmd /bin/bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        "$container"
    if [ $# -gt 0 ]; then buildah "${store[@]}" run --isolation chroot "$container" -- sh -ec "$*" >&2; fi
    buildah "${store[@]}" commit --quiet --rm "$container" "$name" >&2
}

bases=$(sed -nE 's/^FROM ([^ ]+).*/\1/p' "$tree/Dockerfile")
toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
mounts=(-v "$toolchain:$toolchain:ro")
for file in /etc/gitconfig; do
    if [ -f "$file" ]; then mounts+=(-v "$file:$file:ro"); fi
done
# Where git is told to find packages in a folder of this machine.
while read -r folder; do
    if [ -d "$folder" ]; then mounts+=(-v "$folder:$folder:ro"); fi
done < <(git config --get-regexp '^url\..*\.insteadof$' | sed -nE 's/^url\.(\/.*)\.insteadof .*/\1/p' | sort -u)

for name in $bases; do
    case $name in
        debian:*) image "docker.io/library/$name" ;;
        swift:*) image "docker.io/library/$name" "apt-get update -qq
            apt-get install -y -qq --no-install-recommends binutils git libc6-dev libgcc-12-dev libstdc++-12-dev \
                libedit2 libncurses6 libsqlite3-0 libxml2 libz3-4 ca-certificates zlib1g-dev >/dev/null
            ln -s $(printf '%s ' "$toolchain"/bin/*) /usr/local/bin/" ;;
        *) echo "build-container.sh: no stand-in for $name" >&2; exit 1 ;;
    esac
done
dockerfile=$tree/Dockerfile
if [ "$configuration" = given ]; then
    dockerfile=$cache/container/Dockerfile
    # The one instruction that compiles, with the lines that it goes on over.
    awk '/^RUN swift build / {
            while (/\\$/) getline
            print "RUN install -D /given/entrepot /out/entrepot && strip /out/entrepot"; next
        } { print }' "$tree/Dockerfile" >"$dockerfile"
    grep -q '^RUN install -D /given' "$dockerfile" || { echo "build-container.sh: the Dockerfile compiles nothing" >&2; exit 1; }
    mounts+=(-v "$(dirname "$program"):/given:ro")
fi
buildah "${store[@]}" build --isolation chroot --pull=never --layers=false --format docker "${mounts[@]}" \
    --build-arg "CONFIGURATION=$configuration" \
    --file "$dockerfile" --tag localhost/entrepot:test "$tree" >&2
image=$(buildah "${store[@]}" images --quiet localhost/entrepot:test)
printf '%s\n%s\n' "$sources" "$image" >"$built"
echo "$image"
