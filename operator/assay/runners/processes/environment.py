"""Which of this process' environment variables the processes of trials get."""

from __future__ import annotations

from collections.abc import Collection, Mapping

_NAMES = frozenset(
    (
        # who, where, in which language
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "COLUMNS", "LINES"),
        *("TMPDIR", "TMP", "TEMP", "LD_LIBRARY_PATH", "LD_PRELOAD", "VIRTUAL_ENV", "CONDA_PREFIX"),
        # the machine's devices
        *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_HOME", "CUDA_PATH", "CUDA_CACHE_PATH"),
        *("CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"),
        *("MKL_THREADING_LAYER", "MKL_SERVICE_FORCE_INTEL", "CC", "CXX"),
        # the way to the network
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        # caches
        *("HF_HOME", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "TORCH_HOME"),
        *("TORCH_EXTENSIONS_DIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "TRITON_HOME", "KERAS_HOME"),
        *("NLTK_DATA", "SCIKIT_LEARN_DATA", "TFDS_DATA_DIR", "MPLCONFIGDIR", "MPLBACKEND", "NUMBA_CACHE_DIR"),
        *("JOBLIB_TEMP_FOLDER",),
    )
)
"""Variables by which a program finds its way, its caches and the machine's devices: they do not change its results."""

_PREFIXES = ("LC_", "XDG_", "PYTHON", "AWS_", "ASSAY_", "OMP_", "KMP_", "GOMP_", "MALLOC_")
"""The store needs AWS_… and ASSAY_S3_…; the threads' layers crash some machines without their own."""


def trial_environment(whole: Mapping[str, str], listed: Collection[str]) -> dict[str, str]:
    """Return the variables of the whole environment that every program needs, and those that the study lists."""
    return {name: value for name, value in whole.items() if name in listed or is_for_all(name)}


def is_for_all(name: str) -> bool:
    """Return whether all trials get a variable, whatever their study lists. docs/own-train-function.md has the list."""
    return name in _NAMES or name.startswith(_PREFIXES)
