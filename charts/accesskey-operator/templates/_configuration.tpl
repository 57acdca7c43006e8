{{/* What the other values say of the configuration. Everything else has the operator's defaults. */}}
{{- define "accesskey-operator.defaultConfiguration" -}}
apiVersion: config.ghippo.io/v1alpha1
kind: OperatorConfiguration
namespace: {{ .Release.Namespace | quote }}
{{- with .Values.watchNamespace }}
watchNamespace: {{ . | quote }}
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

{{/* The value config, without the fields that are null, which is the same as leaving them out. */}}
{{- define "accesskey-operator.givenConfiguration" -}}
{{- $config := deepCopy .Values.config -}}
{{- include "accesskey-operator.removeNulls" $config -}}
{{- $config | toYaml -}}
{{- end }}

{{- define "accesskey-operator.removeNulls" -}}
{{- range $name, $value := . -}}
{{- if kindIs "map" $value }}{{ include "accesskey-operator.removeNulls" $value }}{{ end -}}
{{- if kindIs "invalid" $value }}{{ $_ := unset $ $name }}{{ end -}}
{{- end -}}
{{- end }}

{{/* The text of the configuration file. */}}
{{- define "accesskey-operator.configuration" -}}
{{- include "accesskey-operator.checks" . -}}
{{- $defaults := include "accesskey-operator.defaultConfiguration" . | fromYaml -}}
{{- mergeOverwrite $defaults (include "accesskey-operator.givenConfiguration" . | fromYaml) | toYaml -}}
{{- end }}

{{/* Whether people who have signed in by a key pair change their own pairs by the operator's rights. */}}
{{- define "accesskey-operator.managesByPair" -}}
{{- $config := include "accesskey-operator.givenConfiguration" . | fromYaml -}}
{{- if and (dig "web" "enabled" true $config) (eq (dig "web" "keyPairSignIn" "manage" $config) "manage") }}true{{ end -}}
{{- end }}
