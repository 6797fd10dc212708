# One image with every binary of Evident; what a container does is the command that it is given.
#
#   docker build -t evident .
#   docker run --rm -p 8080:8080 -v evident:/data evident          all of it in one process

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends cmake clang make perl && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# Registry and target folder are kept between builds on the same machine, so that only what changed is compiled again.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked -p server --bins \
    && mkdir -p /out/bin /out/data \
    && cp target/release/evident target/release/command-api target/release/projector target/release/query-api /out/bin/

# Nothing but libc, certificates and the binaries: no shell, no package manager, nobody's root.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/bin/ /usr/local/bin/
COPY --from=build --chown=nonroot:nonroot --chmod=0700 /out/data/ /data/
ENV EVIDENT_DATA_DIR=/data EVIDENT_BIND=0.0.0.0:8080
USER nonroot
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s --retries=3 CMD ["/usr/local/bin/evident", "health"]
CMD ["/usr/local/bin/evident"]
