{{/* Labels that Helm tools rely on. The pod selector uses only app.kubernetes.io/name, as in manifests/base. */}}
{{- define "accesskey-operator.chartLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "accesskey-operator.labels" -}}
app.kubernetes.io/name: accesskey-operator
{{ include "accesskey-operator.chartLabels" . }}
{{- end }}

{{/* The image reference. A digest takes precedence over a tag. */}}
{{- define "accesskey-operator.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}{{ with .tag }}:{{ . }}{{ end }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* URL of the platform API for services in the cluster. */}}
{{- define "accesskey-operator.url" -}}
{{ ternary "https" "http" .Values.tls.enabled }}://accesskey-operator.{{ .Release.Namespace }}.svc
{{- end }}
