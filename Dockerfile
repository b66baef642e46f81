# syntax=docker/dockerfile:1
# A build stage with the toolchain, and an image that holds one static binary, the roots of TLS and
# the list of what the binary is made of. `tests/image/run` takes these steps where no engine runs.
FROM rust:1.95-bookworm AS build
# `minimal` makes the sidecar: no identity service, no gRPC.
ARG FEATURES=identity,ext-authz
WORKDIR /src
# The toolchain of the image, whatever rust-toolchain.toml would fetch.
ENV RUSTUP_TOOLCHAIN=1.95.0
COPY . .
# glibc reads /etc/hosts and asks DNS by itself (2.34 and later), so a static binary resolves names.
# Packed relocations (glibc 2.36 and later, here in the binary itself) spare 0.6 MB that would be
# read at every start.
RUN host=$(rustc -vV | sed -n 's/^host: //p') \
    && RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs" \
       cargo build --release --locked \
       --target "$host" --no-default-features --features "$FEATURES" \
    && install -D "target/$host/release/stepgate" /out/image/usr/local/bin/stepgate
RUN install -d /out/image/usr/share/sbom \
    && python3 container/sbom.py "$FEATURES" > /out/image/usr/share/sbom/stepgate.cdx.json
RUN install -D -m 644 -t /out/image/etc container/etc/passwd container/etc/group \
       container/etc/nsswitch.conf \
    && install -D -m 644 /etc/ssl/certs/ca-certificates.crt \
       /out/image/etc/ssl/certs/ca-certificates.crt \
    && install -D -m 644 LICENSE /out/image/usr/share/doc/stepgate/LICENSE \
    && install -d -m 755 /out/image/etc/stepgate && install -d /out/data

FROM scratch
LABEL org.opencontainers.image.title="Stepgate" \
      org.opencontainers.image.description="An authentication gateway" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/image/ /
# The embedded identity service keeps its SQLite file and its generated keys here; with an external
# one nothing is ever written.
COPY --from=build --chown=65532:65532 /out/data /var/lib/stepgate/data
WORKDIR /var/lib/stepgate
USER 65532:65532
EXPOSE 4455 4456 4457
# SIGTERM drains: in-flight requests finish within proxy.timeouts.drain.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s \
    CMD ["/usr/local/bin/stepgate", "health", "--config", "/etc/stepgate/stepgate.yaml"]
ENTRYPOINT ["/usr/local/bin/stepgate"]
CMD ["serve", "--config", "/etc/stepgate/stepgate.yaml"]
