{{/*
The objects of a file in files/ with the namespaces of this release, as YAML: {items: [...]}. It replaces namespaces in
fields called namespace, in the user name of the ServiceAccount and in DNS names.

Arguments: context (the root context), file (a file name).
*/}}
{{- define "accesskey-operator.objectsOf" -}}
{{- $context := .context -}}
{{- $own := $context.Release.Namespace -}}
{{- $selfService := include "accesskey-operator.selfServiceNamespace" $context -}}
{{- $namespaces := dict "accesskey-system" $own "team-a" $context.Values.watchNamespace "accesskey-self-service" $selfService -}}
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
An object from objectsOf as a YAML document with the labels of Helm.

Arguments: context (the root context), object, labels (optional additional labels).
*/}}
{{- define "accesskey-operator.document" -}}
{{- $metadata := .object.metadata -}}
{{- $labels := include "accesskey-operator.chartLabels" .context | fromYaml -}}
{{- $_ := set $metadata "labels" (merge $labels (.labels | default dict) ($metadata.labels | default dict)) }}
---
{{ toYaml .object }}
{{- end }}

{{/* A document that Helm deletes neither when the release is uninstalled nor when an upgrade no longer contains it. */}}
{{- define "accesskey-operator.keptDocument" -}}
{{- $annotations := .object.metadata.annotations | default dict -}}
{{- $_ := set .object.metadata "annotations" (merge (dict "helm.sh/resource-policy" "keep") $annotations) -}}
{{- include "accesskey-operator.document" . -}}
{{- end }}

{{/* A document that Helm, Argo CD and Flux delete with the release: without the annotations that protect it in Git. */}}
{{- define "accesskey-operator.removableDocument" -}}
{{- $_ := unset .object.metadata "annotations" -}}
{{- include "accesskey-operator.document" . -}}
{{- end }}
