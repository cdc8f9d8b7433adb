#!/bin/bash
# What becomes of a Debian when a package of ours is installed, used, upgraded, removed and purged in it:
# `deb-in-debian.sh BASE FOLDER OLD.deb NEW.deb PORT`. Prints facts, one a line. Needs root.
#
# BASE is an archive as debian-base.sh makes it. The program may be linked with a toolchain's libraries: these are put where
# it looks for them.
set -euo pipefail
# Mounts are gone when this ends.
[ -n "${PRIVATE_MOUNTS:-}" ] || PRIVATE_MOUNTS=1 exec unshare -m --propagation private "$0" "$@"
# That of this machine is not there.
unset TMPDIR
base=$1 root=$2/root old=$3 new=$4 port=$5
mkdir -p "$root"
tar -C "$root" --numeric-owner -xf "$base"
mount -t proc proc "$root/proc"
mount -t devtmpfs dev "$root/dev" 2>/dev/null || mount --bind /dev "$root/dev"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp "$old" "$root/old.deb"
cp "$new" "$root/new.deb"
inside() { chroot "$root" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
apt() { inside apt-get -y -qq --no-install-recommends "$@" >"$root/../apt.log" 2>&1 || { tail -30 "$root/../apt.log" >&2; exit 1; }; }
# Without the copies that the tools for users leave of what they change.
files() { (cd "$root" && find etc lib usr opt srv var -xdev ! -type d ! -path 'var/cache/*' ! -path 'var/log/*' ! -path 'var/lib/apt/*' \
    ! -path 'var/lib/dpkg/*' ! -path 'var/lib/systemd/*' \
    ! -path 'etc/*shadow-' | sort); }
# The user that the service runs as; becomes the program, so that a signal reaches it.
as=(chroot "$root" /usr/bin/setpriv --reuid=entrepot --regid=entrepot --clear-groups)
program=("${as[@]}" /usr/bin/entrepot -c /etc/entrepot/entrepot.toml)

apt update
# What it depends on belongs to the machine, before and after.
dependencies=$(dpkg-deb -f "$old" Depends | sed -E 's/\([^)]*\)//g; s/[,|]/ /g')
apt install $dependencies
dpkg-deb -x "$old" "$root/../content"
ldd "$root/../content/usr/bin/entrepot" | sed -nE 's/.* => (\/[^ ]+) .*/\1/p' | { grep -v '^/lib/\|^/usr/lib/' || true; } |
    sort -u | xargs -r cp --parents -L -t "$root"
files >"$root/../before"

apt install /old.deb
echo "installed $(inside dpkg-query -W -f '${Version} ${db:Status-Abbrev}' entrepot)"
echo "store $(inside stat -c '%U %G %a' /var/lib/entrepot)"
echo "enabled $(test -L "$root/etc/systemd/system/multi-user.target.wants/entrepot.service" && echo yes || echo no)"
echo "check $("${program[@]}" config check)"
printf '\n[server]\nport = %s\n' "$port" >>"$root/etc/entrepot/entrepot.toml"

"${program[@]}" server >"$root/../server.log" 2>&1 &
server=$!
for _ in $(seq 300); do
    "${program[@]}" healthcheck 2>/dev/null && healthy=yes && break
    sleep 0.1
done
echo "healthy ${healthy:-no}"
echo "runs-as $(inside stat -c %U /var/lib/entrepot/.entrepot)"
"${program[@]}" doctor --only store --only configuration >"$root/../doctor.log" || true
echo "doctor $(grep -c '^FAILED' "$root/../doctor.log" || true)"
kill "$server"
wait "$server" && echo "stopped 0" || echo "stopped $?"

apt install /new.deb
echo "upgraded $(inside dpkg-query -W -f '${Version} ${db:Status-Abbrev}' entrepot)"
echo "kept $(grep -c "^port = $port" "$root/etc/entrepot/entrepot.toml")"

apt remove entrepot
echo "removed $(test -e "$root/usr/bin/entrepot" && echo no || echo yes)"
echo "configuration $(test -e "$root/etc/entrepot/entrepot.toml" && echo there || echo gone)"

apt purge entrepot
echo "purged $(test -e "$root/etc/entrepot" && echo no || echo yes)"
echo "content $(test -e "$root/var/lib/entrepot/.entrepot" && echo there || echo gone)"

# And without anything in the store nothing is left.
apt install /new.deb
find "$root/var/lib/entrepot" -mindepth 1 -delete
apt purge entrepot
inside getent passwd entrepot >/dev/null && echo "user there" || echo "user gone"
files >"$root/../after"
echo "left $(comm -13 "$root/../before" "$root/../after" | tr '\n' ' ')"
