# The CPU images. Built without a target: the service, its hashed packages, and nothing of export or
# scoring. `make image` builds and tries them.
#
#   docker build -t cutaway .
#   docker run --rm -p 127.0.0.1:3000:3000 -v "$PWD/models:/models:ro" --read-only --tmpfs /tmp \
#     --env CUTAWAY_AUTH=off cutaway
#
# Without API keys (docs/security.md) it starts only with that: its port is then for this machine alone.

FROM python:3.11-slim-bookworm AS packages
COPY requirements/service.txt /requirements.txt
# --no-deps: the lock is complete. What packages ship to test themselves (24 MB) stays behind, and so
# do OpenVINO's plugins for Intel's GPUs and NPUs (51 MB).
RUN python -m venv --without-pip /opt/cutaway \
 && python -m pip --python /opt/cutaway/bin/python install --no-cache-dir --disable-pip-version-check \
    --require-hashes --no-deps --requirement /requirements.txt \
 && find /opt/cutaway/lib -type d '(' -name tests -o -path '*/onnx/backend/test' ')' -prune -exec rm -rf '{}' + \
 && find /opt/cutaway/lib -name 'libopenvino_intel_[gn]pu_plugin.so' -delete

FROM python:3.11-slim-bookworm AS service
COPY --from=packages /opt/cutaway /opt/cutaway
WORKDIR /app
COPY bentofile.yaml ./
COPY bundle bundle
COPY engine engine
COPY service service
# Compiled here, because nothing can be written at run time.
RUN python -m compileall -q bundle engine service
# BENTOML_DO_NOT_TRACK wants the word True. All that is ever written goes to /tmp. Who runs containers
# has a balancer before them, and that one needs a moment to notice that one of them ends.
ENV PATH=/opt/cutaway/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    BENTOML_HOME=/tmp/bentoml \
    BENTOML_DO_NOT_TRACK=True \
    ORT_DISABLE_TELEMETRY=1 \
    CUTAWAY_MODELS=/models \
    CUTAWAY_DRAIN_SECONDS=5
USER 10001:10001
EXPOSE 3000 3001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:3000/readyz', timeout=4)"]
# No shell in between: SIGTERM reaches BentoML, and what has begun is finished.
CMD ["bentoml", "serve", ".", "--host", "0.0.0.0", "--port", "3000"]

# Scoring jobs (docs/scoring.md): the service's image and what they need on top, in layers of their own.
#
#   docker build -t cutaway-scoring --target scoring .
#   docker build -t cutaway-ray --target scoring --build-arg LOCK=ray .
FROM service AS scoring
ARG LOCK=scoring
COPY requirements/${LOCK}.txt /requirements.txt
USER 0:0
# What is there already is the same in every lock, and stays. Arrow's own roads to S3 and to other
# machines (51 MB) and what one compiles against it are nothing that scoring takes.
RUN /usr/local/bin/python -m pip --python /opt/cutaway/bin/python install --no-cache-dir --disable-pip-version-check \
    --require-hashes --no-deps --requirement /requirements.txt \
 && find /opt/cutaway/lib -type d '(' -name tests -o -path '*/pyarrow/include' -o -path '*/pyarrow/src' ')' \
    -prune -exec rm -rf '{}' + \
 && find /opt/cutaway/lib -path '*/pyarrow/*' '(' -name '*_flight*.so*' -o -name 'libarrow_s3.so*' -o -name '_s3fs*.so' ')' -delete
COPY scoring scoring
RUN python -m compileall -q scoring
USER 10001:10001
ENV RAY_USAGE_STATS_ENABLED=0
HEALTHCHECK NONE
CMD ["python", "-m", "scoring", "--help"]

# Without a target, the service is what is built.
FROM service
