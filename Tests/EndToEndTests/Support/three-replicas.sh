#!/bin/bash
# Three servers on one folder and one Redis, behind nginx on port 5000 (or PORT): three-replicas.sh PATH-TO-ENTREPOT
set -euo pipefail
entrepot=$(realpath "${1:?path to entrepot}")
port=${PORT:-5000}
folder=$(mktemp -d)
pids=()
end() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 0' INT TERM
cd "$folder"
openssl rand -hex 32 > secret
redis-server --port $((port + 9)) --bind 127.0.0.1 --save "" --appendonly no > redis.log & pids+=($!)
servers=""
for number in 1 2 3; do
    cat > "$number.toml" <<TOML
[server]
port = $((port + number))
[storage.fs]
root_dir = "$folder/data"
[lock_store.redis]
url = "redis://127.0.0.1:$((port + 9))"
[cache_store.redis]
url = "redis://127.0.0.1:$((port + 9))"
[cluster]
secret_file = "$folder/secret"
TOML
    "$entrepot" -c "$number.toml" server > "$number.log" 2>&1 & pids+=($!)
    servers+=" server 127.0.0.1:$((port + number));"
    # The first makes the folder.
    for _ in {1..100}; do curl -fs "http://127.0.0.1:$((port + number))/readyz" > /dev/null && break; sleep 0.1; done
done
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
nginx -p "$folder" -c "$folder/nginx.conf" > nginx.log 2>&1 & pids+=($!)
echo "three servers behind http://127.0.0.1:$port, logs in $folder; interrupt to end them"
wait
