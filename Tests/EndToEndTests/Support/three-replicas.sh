#!/bin/bash
# Three servers on one bucket and one Redis, behind nginx on port 5000 (or PORT): three-replicas.sh PATH-TO-ENTREPOT
#
# The bucket is moto's, which keeps it in memory. The nine ports after nginx's are taken as well. Ends with everything it
# started when it is interrupted.
set -euo pipefail
entrepot=$(realpath "${1:?path to entrepot}")
moto=$(realpath "${MOTO:-.build/moto/bin/moto_server}")
port=${PORT:-5000}
redis=$((port + 8)) s3=$((port + 9))
folder=$(mktemp -d)
pids=()
end() {
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 0' INT TERM
until_ready() { # NAME URL
    for _ in {1..300}; do curl -s -o /dev/null "$2" && return; sleep 0.1; done
    echo "$1 does not answer:" >&2
    tail -n 20 "$folder/$1.log" >&2
    exit 1
}
cd "$folder"
openssl rand -hex 32 > cluster-secret
redis-server --port $redis --bind 127.0.0.1 --save "" --appendonly no > redis.log & pids+=($!)
"$moto" -H 127.0.0.1 -p $s3 > bucket.log 2>&1 & pids+=($!)
until_ready bucket "http://127.0.0.1:$s3/moto-api/data.json"
curl -fsS -o /dev/null -X PUT "http://127.0.0.1:$s3/registry"
servers=""
for number in 1 2 3; do
    cat > "$number.toml" <<TOML
[server]
port = $((port + number))
[storage.s3]
endpoint = "http://127.0.0.1:$s3"
bucket = "registry"
access_key_id = "any"
secret_key = "any"
spool_dir = "$folder/spool-$number"
[lock_store.redis]
url = "redis://127.0.0.1:$redis"
[cache_store.redis]
url = "redis://127.0.0.1:$redis"
[cluster]
secret_file = "$folder/cluster-secret"
[repository."team"]
TOML
    mkdir "spool-$number"
    "$entrepot" -c "$number.toml" server > "replica-$number.log" 2>&1 & pids+=($!)
    servers+=" server 127.0.0.1:$((port + number));"
done
for number in 1 2 3; do until_ready "replica-$number" "http://127.0.0.1:$((port + number))/readyz"; done
cat > nginx.conf <<NGINX
daemon off;
pid $folder/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  upstream entrepots {$servers }
  server {
    listen 127.0.0.1:$port;
    client_max_body_size 0;
    location / {
      proxy_pass http://entrepots;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_set_header Connection "";
      proxy_set_header Host \$http_host;
    }
  }
}
NGINX
PATH=$PATH:/usr/sbin nginx -p "$folder" -c "$folder/nginx.conf" > nginx.log 2>&1 & pids+=($!)
until_ready nginx "http://127.0.0.1:$port/v2/"
echo "three servers behind http://127.0.0.1:$port, logs in $folder; interrupt to end them"
wait
