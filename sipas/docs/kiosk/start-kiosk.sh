#!/bin/sh
# Starts Chromium as a kiosk's screen, and again whenever it ends. Usage: start-kiosk.sh https://sipas.example.vn/k/to-hieu-1
# The profile must lie on a disk that survives a restart: what is sealed and not yet sent lies in it.
# SIPAS_KEYS=all leaves every key of a keyboard its meaning, for whoever sets the machine up.
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
xset s off -dpms s noblank 2>/dev/null || true  # the screen stays on
if [ "${SIPAS_KEYS:-}" != all ] && command -v xmodmap >/dev/null; then
  # A keyboard types, and opens no window: Ctrl, Alt and Super mean nothing any more, F keys and those for mail and the
  # like are Pause. (Where a key means nothing at all, Chromium goes by its place on the keyboard.)
  { printf 'clear %s\n' control mod1 mod4; echo "keysym Escape = Escape Pause"
    for key in F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 Menu XF86HomePage XF86Search XF86Mail XF86Back XF86Forward \
      XF86Reload XF86Favorites XF86WWW XF86Explorer XF86Calculator XF86Tools; do echo "keysym $key = Pause Pause"; done
  } | while read -r line; do xmodmap -e "$line" 2>/dev/null || true; done
fi
while :; do
  rm -f "$profile"/Singleton*  # left by a power cut
  chromium --kiosk --no-first-run --user-data-dir="$profile" --password-store=basic --disable-pinch \
    --overscroll-history-navigation=0 --disable-features=BackForwardCache,Translate --disable-session-crashed-bubble \
    "$address" || true
  sleep 2
done
