// The module of Flux's source-controller, of which the GitOps tests use only the CustomResourceDefinitions.
module ghippo.io/accesskey-operator/tools/gitops/source-controller

go 1.26.0

require github.com/fluxcd/source-controller v1.9.6
