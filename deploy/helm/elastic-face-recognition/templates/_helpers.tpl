{{/* Name before each object's. */}}
{{- define "efr.name" -}}
{{- $name := .Values.fullnameOverride | default .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]*[a-z0-9])?$" $name) -}}
{{- fail (printf "%q can't be the name of a Service, which begins with a letter and has no dot: set fullnameOverride" $name) -}}
{{- end -}}
{{- $name -}}
{{- end }}

{{/* Labels by which pods are chosen; they never change. Takes (list $ component). */}}
{{- define "efr.selector" -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels of every object. Takes (list $ component). */}}
{{- define "efr.labels" -}}
{{ include "efr.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/part-of: elastic-face-recognition
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version }}
{{- end }}

{{/* Takes (list $ "web" or "worker"). */}}
{{- define "efr.image" -}}
{{- $images := (index . 0).Values.images -}}
{{- $image := index $images (index . 1) -}}
{{- with $images.registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default (index . 0).Chart.AppVersion }}{{ end -}}
{{- end }}

{{/* What every pod has in common. Takes (list $ name-of-the-ServiceAccount). */}}
{{- define "efr.pod" -}}
serviceAccountName: {{ include "efr.name" (index . 0) }}-{{ index . 1 }}
# The network's API server is nobody's business but the autoscaler's.
automountServiceAccountToken: false
# A Service named "web" would set WEB_PORT to tcp://... otherwise.
enableServiceLinks: false
# So the service is not process 1, which ignores SIGTERM until it has set its handler, and
# somebody reaps orphans.
shareProcessNamespace: true
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with (index . 0).Values.images.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "efr.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Secret of the settings that nobody else may read; empty: there is none. */}}
{{- define "efr.secret" -}}
{{- if .Values.secrets.external.enabled }}{{ include "efr.name" . }}-settings
{{- else if .Values.secrets.existingSecret }}{{ .Values.secrets.existingSecret }}
{{- else if .Values.localstack.enabled }}{{ include "efr.name" . }}-localstack
{{- end -}}
{{- end }}

{{/* Settings of a container; what comes later wins. */}}
{{- define "efr.envFrom" -}}
- configMapRef: {name: {{ include "efr.name" . | quote }}}
{{- with include "efr.secret" . }}
- secretRef: {name: {{ . | quote }}}
{{- end }}
{{- end }}

{{/* The same for the set-up, which runs before an ExternalSecret is there, and needs nothing of it. */}}
{{- define "efr.setupEnvFrom" -}}
- configMapRef: {name: {{ include "efr.name" . }}-setup}
{{- if not .Values.secrets.external.enabled }}
{{- with include "efr.secret" . }}
- secretRef: {name: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "efr.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: memory, mountPath: /dev/shm}
{{- end }}

{{- define "efr.volumes" -}}
- {name: tmp, emptyDir: {sizeLimit: 1Gi}}
# Metrics, and sockets between the processes of a tier; it counts as memory of the container.
- {name: memory, emptyDir: {medium: Memory, sizeLimit: 128Mi}}
{{- end }}

{{/* Where pods go. Takes (list $ component values-of-it). */}}
{{- define "efr.placement" -}}
topologySpreadConstraints:
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - topologyKey: {{ $key }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{ include "efr.selector" $ | nindent 8 }}
{{- end }}
{{- $own := index . 2 }}
{{- with $own.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $own.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $own.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end }}

{{/* A setting of seconds, as a whole number of them, rounded up. Takes (list $ NAME). */}}
{{- define "efr.seconds" -}}
{{- index (index . 0).Values.settings (index . 1) | float64 | ceil | int -}}
{{- end }}

{{/* For a worker to finish: drain_seconds() in core/bootstrap/run_autoscaler.py. */}}
{{- define "efr.drainSeconds" -}}
{{- add (include "efr.seconds" (list . "SHUTDOWN_GRACE_SECONDS") | int) (include "efr.seconds" (list . "SQS_WAIT_TIME_SECONDS") | int) 15 -}}
{{- end }}

{{/* Jobs of a worker within the target latency: wanted() in core/scaling/policy.py, rounded down. */}}
{{- define "efr.jobsPerWorker" -}}
{{- $settings := .Values.settings -}}
{{- $jobs := divf (mulf (float64 $settings.WORKER_PROCESSES) (float64 $settings.TARGET_LATENCY_SECONDS)) (float64 .Values.worker.secondsPerJob) -}}
{{- maxf 1 $jobs | floor | int -}}
{{- end }}

{{/* Port of the metrics of "web", "autoscaler" or "worker". Takes (list $ component). */}}
{{- define "efr.metricsPort" -}}
{{- $after := dict "web" 0 "autoscaler" 1 "worker" 2 -}}
{{- add (int (index . 0).Values.settings.METRICS_PORT) (index $after (index . 1)) -}}
{{- end }}
