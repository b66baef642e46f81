{{- define "stepgate.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{- define "stepgate.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "stepgate.labels" -}}
{{ include "stepgate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "stepgate.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "stepgate.secret" -}}
{{- .Values.admin.existingSecret | default (include "stepgate.name" .) }}
{{- end }}

{{- define "stepgate.rules" -}}
{{- .Values.existingRulesConfigMap | default (printf "%s-rules" (include "stepgate.name" .)) }}
{{- end }}

{{/* stepgate.yaml: what the operator says, under what the chart knows better. */}}
{{- define "stepgate.config" -}}
{{- $own := dict "version" 1 "rules" "/etc/stepgate/rules/" }}
{{- $_ := set $own "proxy" (dict "listen" "0.0.0.0:4455") }}
{{- $_ := set $own "admin" (dict "listen" "0.0.0.0:4434" "token" "${STEPGATE_ADMIN_TOKEN}") }}
{{- if eq .Values.mode "decision" }}
{{- $trusted := required "decision.trustedProxies names the networks of those who ask" (.Values.decision.trustedProxies | default nil) }}
{{- $http := dict "listen" "0.0.0.0:4456" }}
{{- $grpc := dict "listen" "0.0.0.0:4457" }}
{{- $_ := set $own "decision" (dict "http" $http "grpc" $grpc "trusted_proxies" $trusted) }}
{{- end }}
{{- $config := mergeOverwrite (deepCopy .Values.config) $own }}
{{- if hasKey $config.identity "embedded" }}
{{- $_ := unset $config.identity "external" }}
{{- else if not $config.identity.external.public_url }}
{{- fail "config.identity.external.public_url says where Kratos' public API is" }}
{{- end }}
{{- toYaml $config }}
{{- end }}
