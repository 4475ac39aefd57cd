# One image for coordinator, scheduler and workers; docker-compose.yml says which it is.
FROM python:3.11.14-slim-bookworm AS base

FROM base AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /build
COPY requirements.lock ./
# Every dependency by its hash; what only development needs is left behind in this stage. hatchling
# comes from those, so its version is pinned there.
# hadolint ignore=DL3013
RUN pip wheel --no-cache-dir --no-deps --require-hashes --wheel-dir /wheels --requirement requirements.lock \
    && python -m venv /opt/ediscovery \
    && pip install --no-cache-dir --no-index --find-links /wheels hatchling
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY pipelines pipelines
COPY schemas schemas
COPY ediscovery ediscovery
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --no-index --wheel-dir /wheels . \
    && /opt/ediscovery/bin/pip install --no-cache-dir --no-index --find-links /wheels ediscovery

FROM base
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# Debian keeps only the newest version of a package, so pinned ones would soon not be found.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libarchive-tools \
        libreoffice-calc-nogui \
        libreoffice-impress-nogui \
        libreoffice-writer-nogui \
        tesseract-ocr \
        tesseract-ocr-deu \
        unar \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home ediscovery \
    && install -d -o ediscovery -g ediscovery /workspace /scratch
COPY --from=build /opt/ediscovery /opt/ediscovery
ENV PATH=/opt/ediscovery/bin:$PATH \
    HOME=/tmp \
    EDISCOVERY_HOME=/workspace \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /workspace
USER 10001:10001
ENTRYPOINT ["ediscovery"]
CMD ["--help"]
