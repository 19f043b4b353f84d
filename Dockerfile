# Two images: `worker` (searches, trains, reports) and `dashboard` (no torch). Builds with any builder, BuildKit or not.
#   docker build --target worker --tag elimnet-search-worker .
#   docker build --target dashboard --tag elimnet-search-dashboard .
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS base
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# Whoever runs the image owns nothing in it but the folders that volumes are mounted on: a new volume takes their owner.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin elimnet \
    && install --directory --owner elimnet --group elimnet /artefacts /cache /weights
WORKDIR /app
STOPSIGNAL SIGTERM
LABEL org.opencontainers.image.title="ELimNet Search" \
      org.opencontainers.image.licenses="Apache-2.0"


FROM base AS dashboard
COPY constraints.txt ./
RUN pip install --constraint constraints.txt \
        alembic boto3 filelock gunicorn optuna optuna-dashboard psycopg2-binary sqlalchemy
COPY storage/ storage/
RUN python -m compileall -q storage
LABEL org.opencontainers.image.description="Dashboard of ELimNet Search"
ENV ARTEFACT_STORE=/artefacts
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/api/meta', timeout=4)"]
CMD ["gunicorn", "--bind", "0.0.0.0:8080", "--threads", "8", "--no-control-socket", "storage.dashboard:application()"]


FROM base AS wheel
WORKDIR /src
COPY LICENSE README.md pyproject.toml ./
COPY baselines/ baselines/
COPY blocks/ blocks/
COPY configs/ configs/
COPY search/ search/
COPY storage/ storage/
RUN pip wheel --no-deps --wheel-dir /wheels .


FROM base AS worker
# Without an index of its own, torch is PyPI's build: on x86-64 Linux it serves CPUs and NVIDIA GPUs, in several GB.
# With the index of PyTorch's CPU builds here, the image takes a quarter of that.
ARG TORCH_INDEX_URL=""
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
        extras = project['optional-dependencies']; \
        print(*project['dependencies'], *extras['metrics'], *extras['s3'], *extras['ui'], sep='\n')" > requirements.txt \
    && pip install ${TORCH_INDEX_URL:+--extra-index-url "${TORCH_INDEX_URL}"} \
        --constraint constraints.txt --requirement requirements.txt
COPY --from=wheel /wheels /wheels
RUN pip install --no-deps /wheels/*.whl
COPY configs/ configs/
LABEL org.opencontainers.image.description="Workers and commands of ELimNet Search"
ENV ARTEFACT_STORE=/artefacts \
    CACHE_DIR=/cache \
    HF_HOME=/weights/hub \
    MPLCONFIGDIR=/tmp/matplotlib \
    TORCH_HOME=/weights/hub \
    WEIGHTS_DIR=/weights
USER 10001:10001
ENTRYPOINT ["python", "-m"]
CMD ["search.worker", "--workers", "auto"]
