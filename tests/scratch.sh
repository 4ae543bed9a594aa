#!/bin/sh
# Where tests write: a file system in memory, if this machine has one with room from which programs may be started;
# else nothing, which leaves it to TMPDIR's default. On two cores an idle disk's fsync takes 5 ms, memory's 0.002 ms.
place=/dev/shm
room=3000000 # kilobytes; a run leaves nothing of tests that passed, and has used at most 1 GB at a time
[ "$(stat -f -c %T $place 2>/dev/null)" = tmpfs ] && [ -w $place ] || exit 0
[ "$(df -Pk $place | awk 'NR == 2 {print $4}')" -gt $room ] || exit 0
[ "$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)" -gt $((room + 2000000)) ] || exit 0
trial=$(mktemp "$place/sipas-XXXXXX") || exit 0
trap 'rm -f "$trial"' EXIT
printf '#!/bin/sh\n' > "$trial"
chmod +x "$trial"
"$trial" 2>/dev/null || exit 0
echo $place
