import { UnsupportedError } from "./values.ts";

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const two = (value: number): string => String(value).padStart(2, "0");

const FIELDS: Readonly<Record<string, (date: Date) => string>> = {
  Y: (d) => String(d.getFullYear()),
  y: (d) => two(d.getFullYear() % 100),
  m: (d) => two(d.getMonth() + 1),
  d: (d) => two(d.getDate()),
  e: (d) => String(d.getDate()).padStart(2),
  B: (d) => MONTHS[d.getMonth()] ?? "",
  b: (d) => (MONTHS[d.getMonth()] ?? "").slice(0, 3),
  A: (d) => DAYS[d.getDay()] ?? "",
  a: (d) => (DAYS[d.getDay()] ?? "").slice(0, 3),
  H: (d) => two(d.getHours()),
  I: (d) => two(d.getHours() % 12 || 12),
  M: (d) => two(d.getMinutes()),
  S: (d) => two(d.getSeconds()),
  p: (d) => (d.getHours() < 12 ? "AM" : "PM"),
  j: (d) => String(dayOfYear(d)).padStart(3, "0"),
  w: (d) => String(d.getDay()),
  F: (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`,
  T: (d) => `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`,
  "%": () => "%",
};

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1);
  return Math.round((Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / 86_400_000) + 1;
}

/**
 * `datetime.strftime` in local time and the C locale; `%-d` and the like drop leading zeros.
 * @throws UnsupportedError naming the field
 */
export function strftime(format: string, date: Date): string {
  return format.replace(/%(-?)(.)/gs, (_, flag: string, field: string) => {
    const write = FIELDS[field];
    if (!write) throw new UnsupportedError(`'%${field}' in strftime_now()`);
    const text = write(date);
    return flag === "-" ? text.replace(/^[0 ]+(?=\d)/, "") : text;
  });
}
