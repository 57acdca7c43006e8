# The operator's image. Each architecture is built the same way: nothing here is compiled.
#
#   docker build --build-arg VERSION="$(node -p 'require("./package.json").version')" \
#     --build-arg REVISION="$(git rev-parse HEAD)" -t accesskey-operator:0.1.0 .

# Has node (24 or newer) and npm.
ARG BASE_IMAGE=node:24-bookworm-slim
# Has node first in its PATH; neither npm nor a shell is needed.
ARG RUNTIME_IMAGE=${BASE_IMAGE}

FROM ${BASE_IMAGE} AS packages
WORKDIR /app
# These two alone, so that the layer of packages stays as long as they do.
COPY package.json package-lock.json ./
# Declarations and source maps are for people, and half of what is installed.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --workspaces=false \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete

FROM ${RUNTIME_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="accesskey-operator" \
  org.opencontainers.image.description="Gives people and services access keys and turns a key pair into a short-lived signed token" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
# A number, so that kubelet can see that it is not root.
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["node", "/app/src/main.ts"]
