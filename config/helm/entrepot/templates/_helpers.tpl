{{- define "entrepot.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "entrepot.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: registry
{{- end -}}

{{- define "entrepot.labels" -}}
{{ include "entrepot.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "entrepot.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end -}}

{{- define "entrepot.redis" -}}
{{ .Values.replicas.redis.url | default (printf "redis://%s-redis:6379/0" (include "entrepot.name" .)) }}
{{- end -}}

{{/* What the chart makes of the values; .Values.config is merged over it. A text in quotes is TOML as it is JSON. */}}
{{- define "entrepot.toml" -}}
[server]
{{- if eq .Values.mode "daemonset" }}
bind_address = "127.0.0.1"
port = {{ .Values.nodeMirror.port }}
{{- else }}
bind_address = "0.0.0.0"
port = 5000
shutdown_delay = "5s"
{{- end }}

# Whoever reaches the port may pull. To push takes an [identity.<id>], or whatever an access policy says.
[global]
default_access = "reads"
{{- if ne .Values.mode "replicas" }}

[storage.fs]
root_dir = "/var/lib/entrepot"

[cache]
max_size = {{ .Values.cache.maxSize | toJson }}
min_free = {{ .Values.cache.minFree | toJson }}
{{- end }}
{{- if eq .Values.mode "replicas" }}

[storage.s3]
{{- with .Values.replicas.s3.endpoint }}
endpoint = {{ . | toJson }}
{{- end }}
region = {{ .Values.replicas.s3.region | toJson }}
bucket = {{ .Values.replicas.s3.bucket | toJson }}
{{- with .Values.replicas.s3.keyPrefix }}
key_prefix = {{ . | toJson }}
{{- end }}
{{- with .Values.replicas.s3.accessKeyID }}
access_key_id = {{ . | toJson }}
secret_key_file = "/etc/entrepot/secrets/s3-secret-key"
{{- end }}
spool_dir = "/var/lib/entrepot"
spool_size = {{ .Values.replicas.spoolSize | toJson }}

[storage.cache]
max_size = {{ .Values.replicas.hotSize | toJson }}

[lock_store.redis]
url = {{ include "entrepot.redis" . | toJson }}
{{- if .Values.replicas.redis.password }}
password_file = "/etc/entrepot/secrets/redis-password"
{{- end }}

[cache_store.redis]
url = {{ include "entrepot.redis" . | toJson }}
{{- if .Values.replicas.redis.password }}
password_file = "/etc/entrepot/secrets/redis-password"
{{- end }}

[cluster]
secret_file = "/etc/entrepot/secrets/cluster-secret"
{{- end }}
{{- if and .Values.metrics.enabled (ne .Values.mode "daemonset") }}

[observability]
listen = "0.0.0.0:{{ .Values.metrics.port }}"
{{- end }}
{{- end -}}

{{/* The pod of all three. */}}
{{- define "entrepot.pod" -}}
{{- $isMirror := eq .Values.mode "daemonset" -}}
metadata:
  labels:
    {{- include "entrepot.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- if and .Values.metrics.enabled (not $isMirror) }}
    prometheus.io/scrape: "true"
    prometheus.io/port: {{ .Values.metrics.port | quote }}
    {{- end }}
    {{- if eq .Values.mode "replicas" }}
    # What needs a restart is in here; the rest is taken on without.
    checksum/config: {{ include "entrepot.toml" . | sha256sum }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- with .Values.serviceAccountName }}
  serviceAccountName: {{ . | quote }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  automountServiceAccountToken: false
  {{- if $isMirror }}
  priorityClassName: system-node-critical
  hostNetwork: true
  # The node's own: the cluster's DNS may be what is being pulled.
  dnsPolicy: Default
  {{- end }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    # Of what a Secret shows as well, which nobody else may read.
    fsGroup: 65532
    {{- if not $isMirror }}
    runAsNonRoot: true
    fsGroupChangePolicy: OnRootMismatch
    {{- end }}
    seccompProfile: {type: RuntimeDefault}
  {{- if $isMirror }}
  initContainers:
    # Tells containerd of the mirror, and gives the folder of the store to the user that the mirror runs as.
    - name: node
      image: {{ include "entrepot.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command:
        - sh
        - -c
        - |
          install -d -o 65532 -g 65532 -m 0750 /host/data
          {{- range .Values.nodeMirror.hosts }}
          install -D -m 0644 /etc/entrepot/hosts.toml /host/certs.d/{{ . }}/hosts.toml
          {{- end }}
      securityContext:
        runAsUser: 0
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL], add: [CHOWN, DAC_OVERRIDE, FOWNER]}
      volumeMounts:
        - {name: config, mountPath: /etc/entrepot, readOnly: true}
        - {name: certs, mountPath: /host/certs.d}
        - {name: data, mountPath: /host/data}
  {{- end }}
  containers:
    - name: entrepot
      image: {{ include "entrepot.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command:
        - entrepot
        - -c
        - /etc/entrepot/chart.toml
        - -c
        - /etc/entrepot/entrepot.toml
        - server
      {{- with .Values.extraEnv }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if not $isMirror }}
      ports:
        - {name: registry, containerPort: 5000}
        {{- if .Values.metrics.enabled }}
        - {name: metrics, containerPort: {{ .Values.metrics.port }}}
        {{- end }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      startupProbe:
        httpGet: {{ include "entrepot.probe" (list . "/startupz") }}
        periodSeconds: 1
        failureThreshold: 60
      readinessProbe:
        httpGet: {{ include "entrepot.probe" (list . "/readyz") }}
        periodSeconds: 5
      livenessProbe:
        httpGet: {{ include "entrepot.probe" (list . "/healthz") }}
        periodSeconds: 10
        failureThreshold: 6
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - {name: config, mountPath: /etc/entrepot, readOnly: true}
        {{- if .Values.existingSecret }}
        - {name: secrets, mountPath: /etc/entrepot/secrets, readOnly: true}
        {{- end }}
        - {name: data, mountPath: /var/lib/entrepot}
        - {name: tmp, mountPath: /tmp}
  volumes:
    - name: config
      configMap: {name: {{ include "entrepot.name" . }}}
    {{- if .Values.existingSecret }}
    - name: secrets
      secret: {secretName: {{ .Values.existingSecret | quote }}, defaultMode: 0440}
    {{- end }}
    - name: tmp
      emptyDir: {sizeLimit: 64Mi}
    {{- if eq .Values.mode "replicas" }}
    - name: data
      emptyDir: {sizeLimit: {{ .Values.replicas.volumeSize | quote }}}
    {{- end }}
    {{- if $isMirror }}
    - name: certs
      hostPath: {path: {{ .Values.nodeMirror.certsPath | quote }}, type: DirectoryOrCreate}
    - name: data
      hostPath: {path: {{ .Values.nodeMirror.dataPath | quote }}, type: DirectoryOrCreate}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if or $isMirror .Values.tolerations }}
  tolerations:
    {{- if .Values.tolerations }}
    {{- toYaml .Values.tolerations | nindent 4 }}
    {{- else }}
    - operator: Exists
    {{- end }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The port of metrics never has a certificate, nor wants one. */}}
{{- define "entrepot.probe" -}}
{{- $root := index . 0 -}}
{{- if eq $root.Values.mode "daemonset" -}}
{host: 127.0.0.1, path: {{ index . 1 }}, port: {{ $root.Values.nodeMirror.port }}, scheme: {{ $root.Values.probes.scheme }}}
{{- else if $root.Values.metrics.enabled -}}
{path: {{ index . 1 }}, port: metrics}
{{- else -}}
{path: {{ index . 1 }}, port: registry, scheme: {{ $root.Values.probes.scheme }}}
{{- end -}}
{{- end -}}
