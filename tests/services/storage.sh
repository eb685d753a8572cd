#!/usr/bin/env bash
# A job that needs space, beside one that takes it.
# shellcheck source=tests/services/machine.sh
. "$(dirname "$0")/machine.sh"

boot <<'C'
[run]
settle = "0s"
[storage]
paths = ["/small"]
low_percent = 50
C
inside mkdir /small
inside mount -t tmpfs -o size=8M small /small
hold backup --storage-not-low
starts backup "there is space"
wm register-oneoff fill -- /bin/dd if=/dev/zero of=/small/full bs=1M count=6
wm wait fill
stops backup constraint-storage-not-low "a run has filled the disk"
says backup "2 MiB free at /small"
inside rm /small/full
inside systemctl kill --kill-whom=main --signal=HUP wmd
starts backup "there is space again"
