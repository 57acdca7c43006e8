{{/*
The objects of a file in files/, a copy from manifests/, with the namespaces of this release: {items: [...]} in YAML.
It is in fields called namespace, in the name of the ServiceAccount's user, and in names of DNS.

context: the root; file: the name.
*/}}
{{- define "accesskey-operator.objectsOf" -}}
{{- $context := .context -}}
{{- $own := $context.Release.Namespace -}}
{{- $namespaces := dict "accesskey-system" $own "team-a" $context.Values.watchNamespace -}}
{{- $text := $context.Files.Get (printf "files/%s" .file) -}}
{{- $text = $text | replace ":accesskey-system:" (printf ":%s:" $own) -}}
{{- $text = $text | replace "accesskey-operator.accesskey-system" (printf "accesskey-operator.%s" $own) -}}
{{- $items := list -}}
{{- range splitList "\n---\n" $text -}}
{{- $object := fromYaml . -}}
{{- range prepend ($object.subjects | default list) $object.metadata -}}
{{- if .namespace }}{{ $_ := set . "namespace" (get $namespaces .namespace) }}{{ end -}}
{{- end -}}
{{- $items = append $items $object -}}
{{- end -}}
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
