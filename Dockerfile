# Everything that goes into the image is named exactly: the tools here (a build for production adds "@sha256:…" to
# both), and the dependencies with their digests in package-lock.json.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json nest-cli.json ormconfig.ts ./
COPY scripts/build.mjs ./scripts/
COPY src ./src
RUN npm run build && chmod +x dist/bundle/cli/main.js

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# "Optional" are what others may bring for their builds; and nobody reads types and maps of dependencies at run time.
RUN npm ci --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund \
  && npm cache clean --force \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

# What is in the image, as CycloneDX: build --target sbom --output type=local,dest=.
FROM ${NODE_IMAGE} AS inventory
# The directory's name is what npm calls the application.
WORKDIR /token-auth-service
COPY --from=dependencies /app ./
# "--omit dev" would leave out of it whatever the development dependencies need as well.
RUN npm pkg delete devDependencies \
  && npm sbom --sbom-format cyclonedx --sbom-type application > /sbom.cdx.json
FROM scratch AS sbom
COPY --from=inventory /sbom.cdx.json /

# Node.js alone, without npm and the rest of its image.
FROM ${RUNTIME_IMAGE}
COPY --from=build /usr/local/bin/node /usr/local/bin/node
# MiB, a third of the young generation. As much as V8 would take saves some CPU, and is over 200 MB in the end.
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=8
# Else glibc has an arena for each thread and keeps what is free in all of them: 20 MB.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072
WORKDIR /app
# Most of them are in the bundle too. Here scanners find what it is made of, and their licences stand.
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist/bundle ./dist/bundle
COPY package.json LICENSE ./
RUN ln -s /app/dist/bundle/cli/main.js /usr/local/bin/token-auth
# A number, so that an orchestrator can see that it is not root. Nothing below is writable to it, or needs to be.
USER 10001:10001
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.MANAGEMENT_PORT ?? 9090}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/bundle/main.js"]
