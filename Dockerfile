# The tag fixes Python's minor version and Debian's release; a rebuild brings their security fixes.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python3 -m venv /app
# With traces: --build-arg LOCK=requirements-otel.lock
ARG LOCK=requirements.lock
COPY requirements.lock requirements-otel.lock ./
RUN /app/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
        -r "$LOCK"
COPY pyproject.toml README.md LICENSE ./
COPY src/ src/
# Nothing is installed in a running container: the installers stay behind.
RUN /app/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps \
        --no-build-isolation . \
    && /app/bin/pip uninstall --yes setuptools pip

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Habar" \
      org.opencontainers.image.description="One JSON API in front of many SMS and voice providers" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin habar \
    && install --directory --owner=habar --group=habar --mode=0750 /data
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    HTTP_HOST=0.0.0.0 \
    HTTP_PORT=80 \
    LOG_FORMAT=json
WORKDIR /app
VOLUME ["/data"]
# Docker since 20.10 lets any user of a container bind port 80 (net.ipv4.ip_unprivileged_port_start
# is 0 there). Kubernetes does not always: set that sysctl in the pod, or HTTP_PORT=8080.
EXPOSE 80
USER 10001:10001
# Without a proxy from the environment, and without a key: /livez is open.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python3", "-c", "import os, sys; from http.client import HTTPConnection as C; c = C('127.0.0.1', int(os.environ['HTTP_PORT']), timeout=3); c.request('GET', '/livez'); sys.exit(c.getresponse().status != 200)"]
CMD ["habar", "serve"]
