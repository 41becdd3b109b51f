"""The place of a process among those of its trial."""

from __future__ import annotations

import os
from dataclasses import dataclass

from assay_trainer.ranks.agreed import Agreement
from assay_trainer.ranks.loaded import LoadedOnce

_VARIABLES = (
    "RANK",
    "LOCAL_RANK",
    "WORLD_SIZE",
    "LOCAL_WORLD_SIZE",
    "GROUP_RANK",
    "MASTER_ADDR",
    "MASTER_PORT",
)
_LOOPBACK = "127.0.0.1"
_LOOPBACK_INTERFACE = "lo"


@dataclass(frozen=True)
class Place:
    """Rank `rank` of `world_size`, which find one another at the port `master_port` of this machine."""

    rank: int = 0
    world_size: int = 1
    master_port: int = 0
    agreement: Agreement | None = None
    """What the ranks agree on; None: there is one alone."""
    training: LoadedOnce | None = None
    held_out: LoadedOnce | None = None
    """Where the examples are that all ranks have; None: it is one alone."""

    @property
    def is_first(self) -> bool:
        """Whether it is rank 0, which reports."""
        return self.rank == 0

    def enter(self) -> None:
        """Set the environment variables that torchrun sets, which `torch.distributed.init_process_group` reads.

        All ranks are on this machine, so they talk over its loopback interface unless somebody has said another one:
        the names of a pod need not be known to any name server.
        """
        if self.world_size == 1:
            return
        values = (self.rank, self.rank, self.world_size, self.world_size, 0, _LOOPBACK, self.master_port)
        os.environ.update({name: str(value) for name, value in zip(_VARIABLES, values, strict=True)})
        for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
            os.environ.setdefault(name, _LOOPBACK_INTERFACE)

    @staticmethod
    def leave() -> None:
        """Forget them: for a function that starts its processes itself."""
        for name in _VARIABLES:
            os.environ.pop(name, None)


ALONE = Place()
"""The place of a trial that has one process."""
