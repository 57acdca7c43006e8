{{/* What the other values say of the configuration. Everything else has the operator's defaults. */}}
{{- define "accesskey-operator.defaultConfiguration" -}}
apiVersion: config.ghippo.io/v1alpha1
kind: OperatorConfiguration
namespace: {{ .Release.Namespace }}
{{- with .Values.watchNamespace }}
watchNamespace: {{ . }}
{{- end }}
http:
  {{- if .Values.tls.enabled }}
  tls:
    certificateFile: /etc/accesskey-operator-tls/tls.crt
    keyFile: /etc/accesskey-operator-tls/tls.key
  {{- else }}
  plain: true
  {{- end }}
{{- end }}

{{/* The text of the configuration file. */}}
{{- define "accesskey-operator.configuration" -}}
{{- include "accesskey-operator.checks" . -}}
{{- $defaults := include "accesskey-operator.defaultConfiguration" . | fromYaml -}}
{{- mergeOverwrite $defaults (deepCopy .Values.config) | toYaml -}}
{{- end }}

{{/* Whether people who have signed in by a key pair change their own pairs by the operator's rights. */}}
{{- define "accesskey-operator.managesByPair" -}}
{{- $web := .Values.config.web | default dict -}}
{{- $off := or (and (hasKey $web "enabled") (not $web.enabled)) (ne ($web.keyPairSignIn | default "manage") "manage") -}}
{{- ternary "" "true" $off -}}
{{- end }}
