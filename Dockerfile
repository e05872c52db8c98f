# The server in an image: built in one stage, run in another that has no compiler, no root and no key.
#
#	docker build -t mtls-server .
#	docker run --rm -p 8443:8443 --user "$(id -u)" -v "$PWD/certs:/srv/certs:ro" mtls-server
#
# Certificates are mounted: an image with a key in it is a key that everybody has who has the image.
# The user of the container must be able to read them (keys are 0600), hence --user.
FROM debian:12 AS build
COPY . /src
WORKDIR /src
RUN DESTDIR=/out PREFIX=/usr ./dev install

FROM debian:12
RUN apt-get update \
	&& apt-get install -y --no-install-recommends libssl3 libjansson4 libuv1 libhttp-parser2.9 libnghttp2-14 libsqlite3-0 \
	&& rm -rf /var/lib/apt/lists/* \
	&& useradd --system --uid 8443 --no-create-home mtls
COPY --from=build /out/usr/bin/mtls /usr/bin/mtls
ENV MTLS_SERVER_HOST=0.0.0.0
# Items are lost with the container. To keep them, mount a folder that its user may write:
#	-v "$PWD/state:/srv/state" -e MTLS_STORE=sqlite:/srv/state/todo.db
ENV MTLS_STORE=memory
WORKDIR /srv
USER mtls
EXPOSE 8443
CMD ["mtls", "serve"]
