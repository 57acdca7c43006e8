# Image of the operator. Nothing is compiled to machine code, so the build is the same for every architecture.
#
#   docker build --build-arg VERSION="$(node -p 'require("./package.json").version')" \
#     --build-arg REVISION="$(git rev-parse HEAD)" -t accesskey-operator:0.1.0 .

# Must contain node (24.6 or newer) and npm.
ARG BASE_IMAGE=node:24-bookworm-slim
# Must contain node (24.6 or newer) in its PATH, and /usr/bin/env, which starts kubectl-accesskey. Needs neither npm nor a
# shell.
ARG RUNTIME_IMAGE=${BASE_IMAGE}

FROM ${BASE_IMAGE} AS bundle
WORKDIR /build
# Copied separately, so that the layer with the packages is rebuilt only if one of these files changes.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund --workspaces=false
COPY LICENSE ./
COPY tools/bundle ./tools/bundle
COPY src ./src
RUN node tools/bundle/main.ts

FROM ${RUNTIME_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="accesskey-operator" \
  org.opencontainers.image.description="Manages access keys of people and services and exchanges key pairs for short-lived signed tokens" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
# The Deployment sets this flag. Node.js before 24.6 would exit immediately with code 9.
RUN ["node", "-e", "if (!process.allowedNodeEnvironmentFlags.has('--max-old-space-size-percentage')) { console.error('Node.js ' + process.version + ' of RUNTIME_IMAGE is too old: 24.6.0 or newer is required'); process.exit(1); }"]
# The allocator of glibc otherwise keeps freed memory for each thread.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 PATH=/app/cli:${PATH}
WORKDIR /app
COPY --from=bundle /build/dist/operator ./
# kubectl-accesskey, which is on the PATH.
COPY --from=bundle /build/dist/cli ./cli
# Fails if RUNTIME_IMAGE has no /usr/bin/env.
RUN ["kubectl-accesskey", "version"]
COPY LICENSE ./
# Numeric, so that the kubelet can verify that it is not root (runAsNonRoot).
USER 65532:65532
EXPOSE 8080 8081
# A small young generation: the heap of an idle operator is half as large.
ENTRYPOINT ["node", "--max-semi-space-size=2", "/app/main.js"]
