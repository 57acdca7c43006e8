{{/* Values that the schema lets through and that cannot work together. */}}
{{- define "accesskey-operator.checks" -}}
{{- include "accesskey-operator.checkOwnedFields" . -}}
{{- include "accesskey-operator.checkNames" . -}}
{{- include "accesskey-operator.checkOwnKeys" . -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" .Release.Namespace) -}}
{{- fail "the namespace of the release: no name of a namespace" -}}
{{- end -}}
{{- if or (eq .Release.Namespace "default") (hasPrefix "kube-" .Release.Namespace) -}}
{{- fail "the namespace of the release: the operator needs one of its own; who may read Secrets beside it could sign tokens" -}}
{{- end -}}
{{- if eq .Values.watchNamespace .Release.Namespace -}}
{{- fail "watchNamespace: the operator needs a namespace of its own; who may read Secrets beside it could sign tokens" -}}
{{- end -}}
{{- if and .Values.tls.certManager.enabled (not .Values.tls.enabled) -}}
{{- fail "tls.certManager.enabled: needs tls.enabled" -}}
{{- end -}}
{{- with .Values.tls.certManager.issuerRef -}}
{{- if not .name }}{{ fail "tls.certManager.issuerRef.name: missing" }}{{ end -}}
{{- end -}}
{{- if has .Values.tls.secretName (list "accesskey-operator-signing-keys" "accesskey-operator-web-session" "accesskey-operator-ca") -}}
{{- fail "tls.secretName: the operator keeps something else in this Secret" -}}
{{- end -}}
{{- $config := include "accesskey-operator.givenConfiguration" . | fromYaml -}}
{{- if and .Values.highAvailability.enabled (not (dig "leaderElection" "enabled" true $config)) -}}
{{- fail "config.leaderElection.enabled: several replicas (highAvailability.enabled) need it" -}}
{{- end -}}
{{- end }}

{{/* Labels and annotations that the chart itself sets. */}}
{{- define "accesskey-operator.checkOwnKeys" -}}
{{- $labels := include "accesskey-operator.labels" . | fromYaml | keys -}}
{{- $own := dict
  "podLabels" (list .Values.podLabels (list "app.kubernetes.io/name"))
  "podAnnotations" (list .Values.podAnnotations (list "checksum/config" "kubectl.kubernetes.io/default-container"))
  "monitoring.labels" (list .Values.monitoring.labels $labels)
  "monitoring.dashboardLabels" (list .Values.monitoring.dashboardLabels $labels)
-}}
{{- range $value, $pair := $own -}}
{{- range $key := last $pair -}}
{{- if hasKey (first $pair) $key }}{{ fail (printf "%s: the chart itself sets %s" $value $key) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Fields of the configuration that other objects must agree with, so that values of their own decide them. */}}
{{- define "accesskey-operator.checkOwnedFields" -}}
{{- $config := include "accesskey-operator.givenConfiguration" . | fromYaml -}}
{{- $http := $config.http | default dict -}}
{{- if hasKey $config "namespace" -}}
{{- fail "config.namespace: it is the namespace of the release; leave it out" -}}
{{- end -}}
{{- if hasKey $config "watchNamespace" -}}
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
{{- $config := include "accesskey-operator.givenConfiguration" . | fromYaml -}}
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
