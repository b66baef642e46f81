# syntax=docker/dockerfile:1
# A build stage with the toolchain, and an image that holds the binary and nothing else.
FROM rust:1.95-bookworm AS build
WORKDIR /src
# The toolchain of the image, whatever rust-toolchain.toml would fetch.
ENV RUSTUP_TOOLCHAIN=1.95.0
COPY . .
# aws-lc and SQLite are compiled from C; the base image has gcc. The binary links libc and libm
# dynamically, which distroless/cc brings.
RUN cargo build --release --locked && install -D target/release/stepgate /out/stepgate \
    && install -d -o 65532 -g 65532 /out/data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/stepgate /usr/local/bin/stepgate
# The embedded identity service keeps its SQLite file and its generated keys here.
COPY --from=build --chown=65532:65532 /out/data /var/lib/stepgate/data
WORKDIR /var/lib/stepgate
USER 65532:65532
EXPOSE 4455
# SIGTERM drains: in-flight requests finish within proxy.timeouts.drain.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/stepgate"]
CMD ["serve", "--config", "/etc/stepgate/stepgate.yaml"]
