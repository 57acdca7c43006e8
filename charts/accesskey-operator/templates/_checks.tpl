{{/* Rejects combinations of values that the schema cannot check. */}}
{{- define "accesskey-operator.checks" -}}
{{- include "accesskey-operator.checkOwnedFields" . -}}
{{- include "accesskey-operator.checkNames" . -}}
{{- include "accesskey-operator.checkOwnKeys" . -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" .Release.Namespace) -}}
{{- fail (printf "release namespace: %q is not a valid namespace name" .Release.Namespace) -}}
{{- end -}}
{{- if or (eq .Release.Namespace "default") (hasPrefix "kube-" .Release.Namespace) -}}
{{- fail "release namespace: the operator needs its own namespace, because anyone who can read Secrets in it could sign tokens" -}}
{{- end -}}
{{- if eq .Values.watchNamespace .Release.Namespace -}}
{{- fail "watchNamespace: the operator needs its own namespace, because anyone who can read Secrets in it could sign tokens" -}}
{{- end -}}
{{- if and .Values.tls.certManager.enabled (not .Values.tls.enabled) -}}
{{- fail "tls.certManager.enabled: requires tls.enabled" -}}
{{- end -}}
{{- range .Values.extraVolumes -}}
{{- if has .name (list "tls" "sso" "config") }}{{ fail (printf "extraVolumes: the chart uses the name %s" .name) }}{{ end -}}
{{- end -}}
{{- with .Values.service -}}
{{- if and .externalTrafficPolicy (eq .type "ClusterIP") -}}
{{- fail "service.externalTrafficPolicy: requires service.type NodePort or LoadBalancer" -}}
{{- end -}}
{{- if and .loadBalancerSourceRanges (ne .type "LoadBalancer") -}}
{{- fail "service.loadBalancerSourceRanges: requires service.type LoadBalancer" -}}
{{- end -}}
{{- end -}}
{{- $lines := 0 -}}
{{- range .Values.guardrails.allowedGroups }}{{ $lines = add $lines (max 1 (len .)) }}{{ end -}}
{{- if gt $lines 5000 -}}
{{- fail (printf "guardrails.allowedGroups: has %d entries, and the policy allows at most 5000 in all namespaces" $lines) -}}
{{- end -}}
{{- with .Values.tls.certManager -}}
{{- if not (or .serviceNames .dnsNames) -}}
{{- fail "tls.certManager.dnsNames: required if serviceNames is false" -}}
{{- end -}}
{{- end -}}
{{- with .Values.tls.certManager.issuerRef -}}
{{- if not .name }}{{ fail "tls.certManager.issuerRef.name: required if issuerRef is set" }}{{ end -}}
{{- end -}}
{{- if has .Values.tls.secretName (list "accesskey-operator-signing-keys" "accesskey-operator-web-session" "accesskey-operator-web-sign-outs" "accesskey-operator-ca") -}}
{{- fail (printf "tls.secretName: the operator uses %s for another purpose" .Values.tls.secretName) -}}
{{- end -}}
{{- $config := include "accesskey-operator.userConfiguration" . | fromYaml -}}
{{- if eq (dig "http" "port" 8080 $config | int) (dig "health" "port" 8081 $config | int) -}}
{{- fail "config.health.port: must differ from config.http.port" -}}
{{- end -}}
{{- if and .Values.highAvailability.enabled (not (dig "leaderElection" "enabled" true $config)) -}}
{{- fail "config.leaderElection.enabled: required by highAvailability.enabled" -}}
{{- end -}}
{{- end }}

{{/* Rejects labels and annotations that the chart sets. */}}
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
{{- if hasKey (first $pair) $key }}{{ fail (printf "%s: %s is set by the chart" $value $key) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Rejects configuration fields that other objects depend on and that have their own chart values. */}}
{{- define "accesskey-operator.checkOwnedFields" -}}
{{- $config := include "accesskey-operator.userConfiguration" . | fromYaml -}}
{{- $http := $config.http | default dict -}}
{{- if hasKey $config "namespace" -}}
{{- fail "config.namespace: not allowed, the operator uses the namespace of the release" -}}
{{- end -}}
{{- if hasKey $config "watchNamespace" -}}
{{- fail "config.watchNamespace: use the chart value watchNamespace, which also adapts the RBAC rules" -}}
{{- end -}}
{{- range $field := list "tls" "plain" -}}
{{- if hasKey $http $field -}}
{{- fail (printf "config.http.%s: use the chart values tls.enabled and tls.secretName" $field) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Rejects other names of objects that the RBAC rules refer to by name. */}}
{{- define "accesskey-operator.checkNames" -}}
{{- $config := include "accesskey-operator.userConfiguration" . | fromYaml -}}
{{- $names := list
  (list "leaderElection.leaseName" (dig "leaderElection" "leaseName" "" $config) "accesskey-operator")
  (list "token.signingKeys.secretName" (dig "token" "signingKeys" "secretName" "" $config) "accesskey-operator-signing-keys")
  (list "web.sessionSecretName" (dig "web" "sessionSecretName" "" $config) "accesskey-operator-web-session")
-}}
{{- range $names -}}
{{- $name := index . 1 -}}
{{- if and $name (ne $name (index . 2)) -}}
{{- fail (printf "config.%s: must be %s, the name in the RBAC rules" (index . 0) (index . 2)) -}}
{{- end -}}
{{- end -}}
{{- end }}
