# Image of the operator. Nothing is compiled, so the build is the same for every architecture.
#
#   docker build --build-arg VERSION="$(node -p 'require("./package.json").version')" \
#     --build-arg REVISION="$(git rev-parse HEAD)" -t accesskey-operator:0.1.0 .

# Must contain node (24 or newer) and npm.
ARG BASE_IMAGE=node:24-bookworm-slim
# Must contain node in its PATH. Needs neither npm nor a shell.
ARG RUNTIME_IMAGE=${BASE_IMAGE}

FROM ${BASE_IMAGE} AS packages
WORKDIR /app
# Copied separately, so that the layer with the packages is rebuilt only if one of these files changes.
COPY package.json package-lock.json ./
# Type declarations and source maps are not used at run time and make up half of the installed size.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --workspaces=false \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete

FROM ${RUNTIME_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="accesskey-operator" \
  org.opencontainers.image.description="Manages access keys of people and services and exchanges key pairs for short-lived signed tokens" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
# Numeric, so that the kubelet can verify that it is not root (runAsNonRoot).
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["node", "/app/src/main.ts"]
