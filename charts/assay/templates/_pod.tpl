{{- /* The parts that the operator's pod and the test's pod share. */}}

{{- define "assay.podSecurity" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "assay.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "assay.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "assay.storeEnv" -}}
- name: ASSAY_STORE
  value: {{ required "store.uri: given nothing; allowed: s3://bucket/prefix, or file:///folder" .Values.store.uri | quote }}
{{- with .Values.store.endpoint }}
- name: AWS_ENDPOINT_URL_S3
  value: {{ . | quote }}
{{- end }}
{{- with .Values.store.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- if not (kindIs "invalid" .Values.store.pathStyle) }}
- name: ASSAY_S3_ADDRESSING_STYLE
  value: {{ .Values.store.pathStyle | ternary "path" "virtual" }}
{{- end }}
{{- end }}
