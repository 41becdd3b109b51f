# Two images: `operator`, and `trainer`, which runs the trials.
#
#   docker build --target operator --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) .
#   docker build --target trainer  --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) .
#
# Another framework than torch: --build-arg FRAMEWORK=scikit-learn, or any dependency group of pyproject.toml.
# All Python packages are those of requirements.lock, checked by hash.

ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS base
# A user with a name: getpass.getuser(), and so torch, fails without.
RUN groupadd --gid 65532 assay \
 && useradd --uid 65532 --gid assay --no-create-home --home-dir /tmp --shell /usr/sbin/nologin assay \
 && python3 -m venv --without-pip /opt/assay
ENV PATH=/opt/assay/bin:$PATH VIRTUAL_ENV=/opt/assay PYTHONPATH=/app PYTHONUNBUFFERED=1
WORKDIR /app

FROM base AS uv
ARG UV_VERSION=0.13.9
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir uv==${UV_VERSION}
# The bytecode is never compared with its source: on a read-only root it could not be written anew.
RUN printf '%s\n' '#!/bin/sh' \
    'export PYC_INVALIDATION_MODE=UNCHECKED_HASH UV_SYSTEM_CERTS=1' \
    'exec /opt/uv/bin/uv pip install --require-hashes --constraints requirements.lock --compile-bytecode --link-mode copy "$@"' \
    > /opt/uv/install && chmod +x /opt/uv/install
COPY pyproject.toml ./
# Without the settings of tools, on whose change nothing would have to be installed anew.
RUN mkdir /opt/packages && sed '/^\[tool[.]/,$d' pyproject.toml > /opt/packages/pyproject.toml

FROM base AS packages
COPY requirements.lock ./
# (Without a copy of something buildah 1.28 would not mount that stage either, once it has it cached.)
COPY --from=uv /opt/packages/pyproject.toml ./

FROM packages AS operator
RUN --mount=type=bind,from=uv,source=/opt/uv,target=/opt/uv --mount=type=cache,target=/root/.cache/uv \
    /opt/uv/install -r pyproject.toml --extra operator \
 # What nothing imports, over a third of it all: test suites, the asynchronous half of the Kubernetes client, and what
 # reads tables of recorded runs and examples of data sets.
 && find /opt/assay/lib -type d \( -name tests -o -path '*/kubernetes/aio' -o -name polars -o -name '_polars_runtime*' \
      -o -name fastexcel -o -name pyarrow \) -prune -exec rm -r {} +
COPY trainer_image/assay_trainer /app/assay_trainer
COPY operator/assay /app/assay
# Here, since buildah 1.28 sees only where something is run that arguments are others than before.
ARG VERSION=0
ARG REVISION=unknown
RUN python -m compileall -q --invalidation-mode unchecked-hash /app
USER 65532:65532
ENTRYPOINT ["python", "-m", "assay.controller"]
ENV ASSAY_VERSION=${VERSION} ASSAY_REVISION=${REVISION}
LABEL org.opencontainers.image.title="assay-operator" \
      org.opencontainers.image.description="Runs Assay's studies on Kubernetes." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}

FROM packages AS trainer
RUN --mount=type=bind,from=uv,source=/opt/uv,target=/opt/uv --mount=type=cache,target=/root/.cache/uv \
    /opt/uv/install --group worker
ARG FRAMEWORK=torch
RUN --mount=type=bind,from=uv,source=/opt/uv,target=/opt/uv --mount=type=cache,target=/root/.cache/uv \
    /opt/uv/install --group ${FRAMEWORK}
COPY trainer_image/assay_trainer /app/assay_trainer
ARG VERSION=0
ARG REVISION=unknown
RUN python -m compileall -q --invalidation-mode unchecked-hash /app
USER 65532:65532
ENTRYPOINT ["python", "-m", "assay_trainer.worker"]
ENV ASSAY_VERSION=${VERSION} ASSAY_REVISION=${REVISION}
LABEL org.opencontainers.image.title="assay-trainer" \
      org.opencontainers.image.description="Runs the trials of Assay's studies." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}
