{{- /* At most 50 characters, because other objects add to the name. */}}
{{- define "assay.fullname" -}}
{{- $made := contains "assay" .Release.Name | ternary .Release.Name (printf "%s-assay" .Release.Name) }}
{{- default $made .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- /* The name outside of the release's namespace: releases of one name in two namespaces must not share it. */}}
{{- define "assay.clusterName" -}}
{{ .Release.Namespace }}-{{ include "assay.fullname" . }}
{{- end }}

{{- define "assay.serviceAccount" -}}
{{- $made := .Values.serviceAccount.create | ternary (include "assay.fullname" .) "default" }}
{{- default $made .Values.serviceAccount.name }}
{{- end }}

{{- define "assay.labels" -}}
{{ include "assay.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: assay
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "assay.selector" -}}
app.kubernetes.io/name: assay
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "assay.image" -}}
{{- $repository := required "image.repository: given nothing; allowed: the name of the operator's image, with its registry" .Values.image.repository }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "assay.trainerImage" -}}
{{- if hasSuffix ":latest" .Values.trainer.image }}
{{- printf "trainer.image: given %q; allowed: an image by digest (name@sha256:…), or by a tag that does not move" .Values.trainer.image | fail }}
{{- end }}
{{- .Values.trainer.image }}
{{- end }}
