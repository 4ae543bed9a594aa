#!/bin/sh
# Starts Chromium as a kiosk's screen, and again whenever it ends. Usage: start-kiosk.sh https://sipas.example.vn/k/to-hieu-1
# The profile must lie on a disk that survives a restart: what is sealed and not yet sent lies in it.
set -eu
address=$1
profile=${SIPAS_PROFILE:-$HOME/sipas-kiosk}
origin=$(printf '%s' "$address" | sed -E 's#^(https?://[^/:]+)(:[0-9]+)?/.*#\1\2#')
case $origin in *:[0-9]*) ;; https:*) origin=$origin:443 ;; *) origin=$origin:80 ;; esac
if [ ! -e "$profile/Default/Preferences" ]; then  # before the first start: this site may keep its store for good
  mkdir -p "$profile/Default"
  printf '{"profile":{"content_settings":{"exceptions":{"durable_storage":{"%s,*":{"setting":1}}}}}}' "$origin" \
    > "$profile/Default/Preferences"
fi
while :; do
  rm -f "$profile"/Singleton*  # left by a power cut
  chromium --kiosk --no-first-run --user-data-dir="$profile" --password-store=basic --disable-pinch \
    --overscroll-history-navigation=0 --disable-features=BackForwardCache,Translate --disable-session-crashed-bubble \
    "$address" || true
  sleep 2
done
