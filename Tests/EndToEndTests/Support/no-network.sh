#!/bin/bash
# A site without a network: no-network.sh PATH-TO-ENTREPOT BUNDLE DELTA PUBLIC-KEY DIGEST ARTIFACT
#
# Runs in a network namespace of its own, in which there is loopback and no route. Imports the bundle beside a running server, and
# has every client pull docker.io/test/app:multi, whose index has that digest, is referred to by that artifact and is signed by that
# key. DELTA builds upon the bundle, and brings docker.io/test/app:next.
set -euo pipefail
entrepot=$(realpath "$1") bundle=$(realpath "$2") delta=$(realpath "$3") key=$(realpath "$4") digest=$5 artifact=$6
if [ -z "${INSIDE:-}" ]; then
    INSIDE=1 exec unshare --net "$0" "$@"
fi
ip link set lo up
[ -z "$(ip route show)" ] && [ -z "$(ip -6 route show default)" ] || { echo "there is a route"; exit 1; }
if curl -s --max-time 5 http://192.0.2.1/ >/dev/null; then echo "there is a network"; exit 1; fi
folder=$(mktemp -d "${TMPDIR:-/tmp}/nn.XXXX")
pids=()
end() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' INT TERM
cd "$folder"
until_it() { # WHAT COMMAND...
    local what=$1
    shift
    for _ in $(seq 1 300); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    echo "$what did not become ready"
    exit 1
}
cat > entrepot.toml <<TOML
offline = true
[server]
port = 5000
default_repository = "docker.io"
[storage.fs]
root_dir = "$folder/data"
[repository."docker.io"]
namespace = "docker.io"
[[repository."docker.io".upstream]]
url = "https://registry-1.docker.io"
TOML
"$entrepot" -c entrepot.toml server > server.log 2>&1 & pids+=($!)
until_it "the server" curl -sf http://127.0.0.1:5000/readyz
if "$entrepot" -c entrepot.toml import "$delta" 2>refused; then echo "a delta without its base was taken"; exit 1; fi
grep -q "builds upon" refused
"$entrepot" -c entrepot.toml import "$bundle"
"$entrepot" -c entrepot.toml verify --rehash --all-platforms docker.io/test/app:multi
image=127.0.0.1:5000/docker.io/test/app

# As cosign verifies: a signature of the digest lies under a tag made of it. (Debian's skopeo and podman are built without that.)
signature() { # DIGEST KEY
    skopeo inspect --raw --tls-verify=false "docker://$image:${1/:/-}.sig" > signature.json
    python3 - signature.json > payload.digest <<'PY'
import base64, json, sys
layer = json.load(open(sys.argv[1]))["layers"][0]
open("signature.bin", "wb").write(base64.b64decode(layer["annotations"]["dev.cosignproject.cosign/signature"]))
print(layer["digest"])
PY
    curl -sf "http://127.0.0.1:5000/v2/docker.io/test/app/blobs/$(cat payload.digest)" > payload
    grep -q "$1" payload && openssl dgst -sha256 -verify "$2" -signature signature.bin payload >/dev/null
}
openssl ecparam -name prime256v1 -genkey -noout 2>/dev/null | openssl ec -pubout -out stranger.pub 2>/dev/null
for signed in "$digest" $(skopeo inspect --raw --tls-verify=false "docker://$image:multi" | grep -o 'sha256:[0-9a-f]\{64\}'); do
    signature "$signed" "$key"
    if signature "$signed" stranger.pub 2>/dev/null; then echo "a signature of another key was taken"; exit 1; fi
done
echo "signatures"

skopeo copy -q --all --src-tls-verify=false "docker://$image:multi" "oci:$folder/by-tag:x"
skopeo copy -q --all --src-tls-verify=false "docker://$image@$digest" "oci:$folder/by-digest:x"
grep -q "$digest" by-tag/index.json
grep -q "$digest" by-digest/index.json
curl -sf "http://127.0.0.1:5000/v2/docker.io/test/app/referrers/$digest" | grep -q "$artifact"
echo "skopeo"

podman=(podman --root "$folder/podman" --runroot "$folder/podman-run" --tmpdir "$folder/podman-tmp" --storage-driver vfs
    --events-backend none)
"${podman[@]}" pull -q --tls-verify=false "$image:multi" >/dev/null
"${podman[@]}" pull -q --tls-verify=false "$image@$digest" >/dev/null
echo "podman"

buildah=(buildah --root "$folder/buildah" --runroot "$folder/buildah-run" --storage-driver vfs)
"${buildah[@]}" from -q --tls-verify=false "$image:multi" >/dev/null
"${buildah[@]}" from -q --tls-verify=false "$image@$digest" >/dev/null
echo "buildah"

cat > containerd.toml <<TOML
version = 2
root = "$folder/containerd"
state = "$folder/containerd-run"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "$folder/c"
[plugins."io.containerd.internal.v1.opt"]
path = "$folder/opt"
TOML
mkdir -p hosts/docker.io
printf 'server = "https://registry-1.docker.io"\n[host."http://127.0.0.1:5000"]\ncapabilities = ["pull", "resolve"]\n' > hosts/docker.io/hosts.toml
containerd -c containerd.toml > containerd.log 2>&1 & pids+=($!)
until_it "containerd" ctr -a "$folder/c" version
for name in ":multi" "@$digest"; do
    ctr -a "$folder/c" images pull --snapshotter native --hosts-dir "$folder/hosts" "docker.io/test/app$name" >/dev/null
done
echo "ctr"

if command -v dockerd >/dev/null; then
    HTTP_PROXY=http://127.0.0.1:9 HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=127.0.0.1 dockerd --iptables=false \
        --ip6tables=false --ip-forward=false --ip-masq=false --bridge=none --storage-driver vfs --data-root "$folder/docker" \
        --exec-root "$folder/docker-run" --pidfile "$folder/docker.pid" -H "unix://$folder/d" \
        --registry-mirror http://127.0.0.1:5000 > dockerd.log 2>&1 & pids+=($!)
    until_it "dockerd" docker -H "unix://$folder/d" version
    docker -H "unix://$folder/d" pull -q test/app:multi >/dev/null
    docker -H "unix://$folder/d" pull -q "test/app@$digest" >/dev/null
    echo "dockerd"
fi
"$entrepot" -c entrepot.toml import "$delta"
"${podman[@]}" pull -q --tls-verify=false "$image:next" >/dev/null
ctr -a "$folder/c" images pull --snapshotter native --hosts-dir "$folder/hosts" docker.io/test/app:next >/dev/null
signature "$(skopeo inspect --raw --tls-verify=false "docker://$image:next" | sha256sum | sed 's/ .*//;s/^/sha256:/')" "$key"
echo "delta"

# Something that is not held, by name.
curl -s http://127.0.0.1:5000/v2/docker.io/test/other/manifests/1 | grep -q "docker.io/test/other:1 is not held at this site"
echo "misses"
