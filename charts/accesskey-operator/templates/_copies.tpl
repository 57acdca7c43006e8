{{/*
The objects of a file in files/, a copy from manifests/, with the namespaces of this release: {items: [...]} in YAML.
The operator's ServiceAccount is known to admission policies and bindings by its namespace, so the text is replaced
wherever it stands.

context: the root; file: the name.
*/}}
{{- define "accesskey-operator.objectsOf" -}}
{{- $context := .context -}}
{{- /* By way of what no namespace is called: one of the two may be part of the other. */ -}}
{{- $text := $context.Files.Get (printf "files/%s" .file) | replace "team-a" "<watched>" -}}
{{- $text = $text | replace "accesskey-system" $context.Release.Namespace -}}
{{- $text = $text | replace "<watched>" $context.Values.watchNamespace -}}
{{- $items := list -}}
{{- range splitList "\n---\n" $text }}{{ $items = append $items (fromYaml .) }}{{ end -}}
{{- dict "items" $items | toYaml -}}
{{- end }}

{{/*
An object of a copy as a document, with Helm's labels.

context: the root; object; labels: further ones, where there are any.
*/}}
{{- define "accesskey-operator.document" -}}
{{- $metadata := .object.metadata -}}
{{- $labels := include "accesskey-operator.chartLabels" .context | fromYaml -}}
{{- $_ := set $metadata "labels" (merge $labels (.labels | default dict) ($metadata.labels | default dict)) }}
---
{{ toYaml .object }}
{{- end }}

{{/* A document that Helm does not delete, whether the release is uninstalled or an upgrade leaves it out. */}}
{{- define "accesskey-operator.keptDocument" -}}
{{- $annotations := .object.metadata.annotations | default dict -}}
{{- $_ := set .object.metadata "annotations" (merge (dict "helm.sh/resource-policy" "keep") $annotations) -}}
{{- include "accesskey-operator.document" . -}}
{{- end }}
