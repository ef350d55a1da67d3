{{/* Called by every template: the names, labels and pod settings that all objects share. */}}

{{/* 43 characters: the recorder's pods carry `<this>-recorder-<10>` as a label, of which Kubernetes takes 63. */}}
{{- define "shadowlift.fullname" -}}
{{- if contains "shadowlift" .Release.Name -}}
{{- .Release.Name | trunc 43 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-shadowlift" (.Release.Name | trunc 32 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{- define "shadowlift.operator.name" -}}{{ include "shadowlift.fullname" . }}-operator{{- end -}}
{{- define "shadowlift.recorder.name" -}}{{ include "shadowlift.fullname" . }}-recorder{{- end -}}

{{/* Cluster-wide objects of two installations must not meet. */}}
{{- define "shadowlift.clusterName" -}}{{ include "shadowlift.fullname" . }}-{{ .Release.Namespace }}{{- end -}}

{{/* managed-by is Helm: `shadowlift` is what the operator writes on its own objects, and the admission policy tells them apart by it. */}}
{{- define "shadowlift.labels" -}}
app.kubernetes.io/name: shadowlift
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* Argument: a list of the root context and the component. Never changes between versions: selectors are immutable. */}}
{{- define "shadowlift.selector" -}}
app.kubernetes.io/name: shadowlift
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "shadowlift.image" -}}
{{- $image := .Values.image -}}
{{- $repository := required "image.repository is not set: say where the shadowlift image is, e.g. --set image.repository=registry.example/shadowlift" $image.repository -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The scope, checked: the schema cannot say that one field needs the other in words that help. */}}
{{- define "shadowlift.namespaces" -}}
{{- if and (eq .Values.scope.mode "Namespaces") (not .Values.scope.namespaces) -}}
{{- fail "scope.namespaces is empty: list the namespaces to serve, or set scope.mode to Cluster" -}}
{{- end -}}
{{- if and (eq .Values.scope.mode "Cluster") .Values.scope.namespaces -}}
{{- fail "scope.namespaces is set, but scope.mode is Cluster: set scope.mode to Namespaces, or leave the list empty" -}}
{{- end -}}
{{- join "," .Values.scope.namespaces -}}
{{- end -}}

{{- define "shadowlift.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "shadowlift.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Arguments: the root context, the component's values, the port of its metrics. The component's own annotations win. */}}
{{- define "shadowlift.podAnnotations" -}}
{{- $annotations := dict -}}
{{- if (index . 0).Values.metrics.annotations -}}
{{- $annotations = dict "prometheus.io/scrape" "true" "prometheus.io/path" "/metrics" "prometheus.io/port" (index . 2) -}}
{{- end -}}
{{- toYaml (merge (deepCopy (index . 1).podAnnotations) $annotations) -}}
{{- end -}}

{{/* Arguments: the root context and the component's values. Only what is set: an empty field is a difference to the API server. */}}
{{- define "shadowlift.scheduling" -}}
{{- $out := dict -}}
{{- range $key := list "nodeSelector" "tolerations" "priorityClassName" -}}
{{- with index $ 1 $key -}}{{- $_ := set $out $key . -}}{{- end -}}
{{- end -}}
{{- with (index . 0).Values.image.pullSecrets -}}
{{- $secrets := list -}}
{{- range . -}}{{- $secrets = append $secrets (dict "name" .) -}}{{- end -}}
{{- $_ := set $out "imagePullSecrets" $secrets -}}
{{- end -}}
{{- with $out -}}{{- toYaml . -}}{{- end -}}
{{- end -}}
