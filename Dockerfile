# syntax=docker/dockerfile:1
# docker build -t entrepot . && docker run -p 5000:5000 -v entrepot:/var/lib/entrepot entrepot

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcurl4-openssl-dev libssl-dev libre2-dev \
        libargon2-dev libcrypt-dev libhiredis-dev libarchive-dev zlib1g-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The dependencies first: their layer lasts as long as the package description does.
COPY Package.* ./
RUN swift package resolve
COPY Sources Sources
COPY Tests Tests
ARG CONFIGURATION=release
RUN swift build -c "$CONFIGURATION" --product entrepot --static-swift-stdlib --disable-local-rpath \
    && install -D "$(swift build -c "$CONFIGURATION" --static-swift-stdlib --show-bin-path)/entrepot" /out/entrepot \
    && strip /out/entrepot

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libcurl4 libssl3 libre2-9 libargon2-1 \
        libcrypt1 libhiredis0.14 libarchive13 libstdc++6 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 65532 --home-dir /var/lib/entrepot --create-home entrepot \
    && install -d -o entrepot -g entrepot /var/lib/entrepot
COPY --from=build /out/entrepot /usr/local/bin/entrepot
COPY config/container.toml /usr/share/entrepot/container.toml
# Everything in it is commented out: mount your own over it.
COPY config/example.toml /etc/entrepot/entrepot.toml
# The store lies in its folder `entrepot`, unless a configuration has a [storage].
ENV XDG_DATA_HOME=/var/lib
USER entrepot
EXPOSE 5000
VOLUME /var/lib/entrepot
ENTRYPOINT ["entrepot", "-c", "/usr/share/entrepot/container.toml", "-c", "/etc/entrepot/entrepot.toml"]
CMD ["server"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["entrepot", \
    "-c", "/usr/share/entrepot/container.toml", "-c", "/etc/entrepot/entrepot.toml", "healthcheck"]
