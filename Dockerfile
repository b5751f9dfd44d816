# syntax=docker/dockerfile:1

FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY build.rs build.rs
COPY locales locales
COPY src src
COPY templates templates
COPY config config
COPY policies policies
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked \
 && install -D target/release/studio-gateway /out/studio-gateway

FROM gcr.io/distroless/cc-debian12:nonroot
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="studio-gateway" \
      org.opencontainers.image.description="SAML single sign-on into Amazon SageMaker Studio" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /out/studio-gateway /usr/local/bin/studio-gateway
# Configuration, IdP metadata and lifecycle scripts are mounted here; relative paths in the file are relative to it.
WORKDIR /etc/studio-gateway
# nonroot, as a number so that Kubernetes can check runAsNonRoot.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/studio-gateway"]
CMD ["serve", "--config", "/etc/studio-gateway/gateway.toml"]
