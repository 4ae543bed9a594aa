// The device's clock decides only in which week and month an answer was given, as the province counts them.
const DAY = 86_400_000;
const ZONE = 7 * 3_600_000; // Asia/Ho_Chi_Minh, which knows no summer time

// `seen`: the server's time at the last contact; `off`: how far the device's clock was from it then.
export function moment(clock = { seen: 0, off: 0 }, now = Date.now()) {
  const corrected = now + clock.off;
  const doubt = corrected < clock.seen - 60_000 || new Date(corrected).getUTCFullYear() < 2026;
  return { time: corrected, doubt, ...calendar(corrected) };
}

export function calendar(time) {
  const local = new Date(time + ZONE);
  const thursday = new Date(local.getTime() + (3 - ((local.getUTCDay() + 6) % 7)) * DAY);
  const year = thursday.getUTCFullYear();
  const week = 1 + Math.floor((thursday - Date.UTC(year, 0, 1)) / (7 * DAY));
  const date = local.toISOString().slice(0, 10);
  return { week: `${year}-W${String(week).padStart(2, "0")}`, month: date.slice(0, 7), date, hour: local.getUTCHours() };
}

export const met = (server, now = Date.now()) => ({ seen: server, off: server - now });
