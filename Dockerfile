# One static binary in an image with nothing else but the CA bundle: docs/container.md. `.ci/release` builds the same binary
# and signs somebody in with it from such a root folder.
# To pin by digest too, append it to the tag: `docker buildx imagetools inspect rust:1.95.0-bookworm` shows it.
FROM rust:1.95.0-bookworm AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends musl-tools=1.2.3-1 \
 && rm -rf /var/lib/apt/lists/* \
 && rustup target add "$(uname -m)-unknown-linux-musl"
WORKDIR /src
COPY . .
# musl-gcc compiles the C code of AWS-LC and OpenSSL, for either architecture.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    export CC_x86_64_unknown_linux_musl=musl-gcc CC_aarch64_unknown_linux_musl=musl-gcc \
 && cargo build --release --locked --target "$(uname -m)-unknown-linux-musl" \
 && install -D "target/$(uname -m)-unknown-linux-musl/release/studio-gateway" /out/studio-gateway

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="studio-gateway" \
      org.opencontainers.image.description="SAML single sign-on into Amazon SageMaker Studio" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="scratch"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/studio-gateway /usr/local/bin/studio-gateway
# Configuration, IdP metadata, keys and lifecycle scripts are mounted here; relative paths in the file are relative to it.
WORKDIR /etc/studio-gateway
ENV STUDIO_GATEWAY_CONFIG=/etc/studio-gateway/gateway.toml
# Nobody's, and a number, so that Kubernetes can check runAsNonRoot.
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/local/bin/studio-gateway", "health"]
ENTRYPOINT ["/usr/local/bin/studio-gateway"]
CMD ["serve"]
