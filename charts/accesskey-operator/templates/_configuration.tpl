{{/* The configuration fields that follow from other chart values. All others have the defaults of the operator. */}}
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

{{/* The value config without null fields, which are equivalent to unset fields. */}}
{{- define "accesskey-operator.userConfiguration" -}}
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

{{/* The content of the configuration file. */}}
{{- define "accesskey-operator.configuration" -}}
{{- include "accesskey-operator.checks" . -}}
{{- $defaults := include "accesskey-operator.defaultConfiguration" . | fromYaml -}}
{{- mergeOverwrite $defaults (include "accesskey-operator.userConfiguration" . | fromYaml) | toYaml -}}
{{- end }}

{{/* Whether users who have signed in with a key pair change their pairs with the permissions of the operator. */}}
{{- define "accesskey-operator.managesWithKeyPair" -}}
{{- $config := include "accesskey-operator.userConfiguration" . | fromYaml -}}
{{- if and (dig "web" "enabled" true $config) (eq (dig "web" "keyPairSignIn" "manage" $config) "manage") }}true{{ end -}}
{{- end }}

{{/* The namespace in which users of single sign-on create their AccessKeys; empty without self-service. */}}
{{- define "accesskey-operator.selfServiceNamespace" -}}
{{- $config := include "accesskey-operator.userConfiguration" . | fromYaml -}}
{{- if dig "web" "enabled" true $config }}{{ dig "web" "oidc" "selfService" "namespace" "" $config }}{{ end -}}
{{- end }}
