{{/* Labels that Helm's own tools look for. The pods' selector is app.kubernetes.io/name alone, as in manifests/base. */}}
{{- define "accesskey-operator.chartLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "accesskey-operator.labels" -}}
app.kubernetes.io/name: accesskey-operator
{{ include "accesskey-operator.chartLabels" . }}
{{- end }}

{{/* The image; a digest decides over a tag. */}}
{{- define "accesskey-operator.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}{{ with .tag }}:{{ . }}{{ end }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Where services in the cluster reach the platform API. */}}
{{- define "accesskey-operator.url" -}}
{{ ternary "https" "http" .Values.tls.enabled }}://accesskey-operator.{{ .Release.Namespace }}.svc
{{- end }}
