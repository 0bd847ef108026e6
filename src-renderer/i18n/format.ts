import { i18n } from "./i18n.svelte.ts";

const numberFormats = new Map<string, Intl.NumberFormat>();

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = i18n.tag + JSON.stringify(options);
  let format = numberFormats.get(key);
  if (!format) numberFormats.set(key, (format = new Intl.NumberFormat(i18n.tag, options)));
  return format;
}

export const formatNumber = (n: number, digits = 0): string =>
  numberFormat({ maximumFractionDigits: digits }).format(n);

/** 1.2M, 656K: for parameters and tokens. */
export const formatCompact = (n: number): string =>
  numberFormat({ notation: "compact", maximumFractionDigits: n < 1000 ? 0 : 1 }).format(n);

/** `share` is 0…1. */
export const formatPercent = (share: number, digits = 0): string =>
  numberFormat({ style: "percent", maximumFractionDigits: digits }).format(share);

/** Loss and similar: 4 significant digits, never an exponent that a reader must decode between 1e-3 and 1e5. */
export function formatLoss(n: number | null | undefined): string {
  if (n === null || n === undefined) return "–";
  if (!Number.isFinite(n)) return String(n);
  const size = Math.abs(n);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return n.toExponential(2);
  return numberFormat({ minimumFractionDigits: 4, maximumFractionDigits: 4 }).format(n);
}

const BYTE_UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];

/** Decimal units, as disks and hubs state them. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${formatNumber(value, value < 10 && unit > 1 ? 1 : 0)} ${BYTE_UNITS[unit] ?? "B"}`;
}

/** 42 s, 3 min 05 s, 1 h 20 min. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const { hours, minutes, seconds: secondsUnit } = i18n.messages.common.units;
  if (whole < 60) return `${whole} ${secondsUnit}`;
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  if (h > 0) return `${h} ${hours} ${m} ${minutes}`;
  return `${m} ${minutes} ${String(whole % 60).padStart(2, "0")} ${secondsUnit}`;
}

export const formatDateTime = (at: number): string =>
  new Intl.DateTimeFormat(i18n.tag, { dateStyle: "medium", timeStyle: "short" }).format(at);

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** "5 minutes ago"; `now` in milliseconds. */
export function formatAgo(at: number, now: number): string {
  const seconds = (at - now) / 1000;
  const relative = new Intl.RelativeTimeFormat(i18n.tag, { numeric: "auto" });
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return relative.format(0, "second");
}
