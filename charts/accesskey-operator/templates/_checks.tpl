{{/* Values that the schema lets through and that cannot work together. */}}
{{- define "accesskey-operator.checks" -}}
{{- include "accesskey-operator.checkOwnedFields" . -}}
{{- include "accesskey-operator.checkNames" . -}}
{{- if eq .Values.watchNamespace .Release.Namespace -}}
{{- fail "watchNamespace: the operator needs a namespace of its own; who may read Secrets beside it could sign tokens" -}}
{{- end -}}
{{- if and .Values.tls.certManager.enabled (not .Values.tls.enabled) -}}
{{- fail "tls.certManager.enabled: needs tls.enabled" -}}
{{- end -}}
{{- $election := .Values.config.leaderElection | default dict -}}
{{- if and .Values.highAvailability.enabled (hasKey $election "enabled") (not $election.enabled) -}}
{{- fail "config.leaderElection.enabled: several replicas (highAvailability.enabled) need it" -}}
{{- end -}}
{{- if hasKey .Values.podLabels "app.kubernetes.io/name" -}}
{{- fail "podLabels: app.kubernetes.io/name is what the pods are selected by" -}}
{{- end -}}
{{- end }}

{{/* Fields of the configuration that other objects must agree with, so that values of their own decide them. */}}
{{- define "accesskey-operator.checkOwnedFields" -}}
{{- $http := .Values.config.http | default dict -}}
{{- if hasKey .Values.config "namespace" -}}
{{- fail "config.namespace: it is the namespace of the release; leave it out" -}}
{{- end -}}
{{- if hasKey .Values.config "watchNamespace" -}}
{{- fail "config.watchNamespace: use the value watchNamespace, which the rights follow" -}}
{{- end -}}
{{- range $field := list "tls" "plain" -}}
{{- if hasKey $http $field -}}
{{- fail (printf "config.http.%s: use tls.enabled and tls.secretName" $field) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The rights name these objects. */}}
{{- define "accesskey-operator.checkNames" -}}
{{- $config := .Values.config -}}
{{- $given := list
  (list "leaderElection.leaseName" (dig "leaderElection" "leaseName" "" $config) "accesskey-operator")
  (list "token.signingKeys.secretName" (dig "token" "signingKeys" "secretName" "" $config) "accesskey-operator-signing-keys")
  (list "web.sessionSecretName" (dig "web" "sessionSecretName" "" $config) "accesskey-operator-web-session")
-}}
{{- range $given -}}
{{- $name := index . 1 -}}
{{- if and $name (ne $name (index . 2)) -}}
{{- fail (printf "config.%s: the operator has rights to %s only" (index . 0) (index . 2)) -}}
{{- end -}}
{{- end -}}
{{- end }}
