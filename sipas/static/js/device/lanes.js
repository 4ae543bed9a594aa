// When sealed messages go: never at once, or the order of arrival would be the order of people.
// Answers and comments travel in lanes of their own, each with its own wait.
import { random } from "./store.js";

export const KINDS = ["answer", "comment"];
export const LEAST = 5;
export const SHORTEST = 5, LONGEST = 60; // minutes
export const EVENING = 18;
const MINUTE = 60_000;

export const wait = (now, date) => ({ due: now + SHORTEST * MINUTE + random((LONGEST - SHORTEST) * MINUTE), date });

// Its wait is over, and enough have gathered or the day is over. A wait longer than any that we make is a clock that was
// set back.
export function isDue(lane, count, { time, hour, date }) {
  if (!lane || count === 0) return false;
  const left = lane.due - time;
  if (left > 0 && left <= LONGEST * MINUTE) return false;
  return count >= LEAST || date !== lane.date || hour >= EVENING;
}

// After a failure: one minute, two, four ... an hour at most, each time a little different.
export const again = (fails, now) => now + Math.min(2 ** (fails - 1), 60) * MINUTE * (0.75 + random(500) / 1000);
