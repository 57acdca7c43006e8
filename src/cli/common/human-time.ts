/** Times in words; pure. */
import { parseTime } from '../../accesskey/model/time.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** For each duration below `limit`: its unit, and a second unit if the first alone would be coarse. */
const steps = [
  { limit: 2 * minute, units: [[second, 's']] },
  {
    limit: 10 * minute,
    units: [
      [minute, 'm'],
      [second, 's'],
    ],
  },
  { limit: 3 * hour, units: [[minute, 'm']] },
  {
    limit: 8 * hour,
    units: [
      [hour, 'h'],
      [minute, 'm'],
    ],
  },
  { limit: 2 * day, units: [[hour, 'h']] },
  {
    limit: 8 * day,
    units: [
      [day, 'd'],
      [hour, 'h'],
    ],
  },
  { limit: 2 * year, units: [[day, 'd']] },
  {
    limit: 8 * year,
    units: [
      [year, 'y'],
      [day, 'd'],
    ],
  },
  { limit: Number.POSITIVE_INFINITY, units: [[year, 'y']] },
] as const;

/**
 * A duration as kubectl prints ages (k8s.io/apimachinery, duration.HumanDuration).
 *
 * @param ms milliseconds; a negative one is 0s
 */
export function humanDuration(ms: number): string {
  const rounded = Math.max(0, Math.floor(ms / second) * second);
  const units = steps.find(({ limit }) => rounded < limit)?.units ?? [];
  let rest = rounded;
  const parts = units.map(([size, name]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return { count, name };
  });
  return parts
    .filter(({ count }, at) => at === 0 || count > 0)
    .map(({ count, name }) => `${count}${name}`)
    .join('');
}

/**
 * @param time RFC 3339; undefined or invalid if there is none
 * @param now milliseconds since the epoch
 * @param none text for no time
 * @returns for example `in 3d` or `5m ago`
 */
export function relativeTime(time: string | undefined, now: number, none: string): string {
  const at = parseTime(time);
  if (at === undefined) return none;
  return at > now ? `in ${humanDuration(at - now)}` : `${humanDuration(now - at)} ago`;
}
