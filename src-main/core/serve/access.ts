import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";

/** A fresh token: 192 random bits, safe in a URL. */
export const newToken = (): string => randomBytes(24).toString("base64url");

const LOOPBACK_NAMES = new Set(["localhost", "127.0.0.1", "[::1]"]);

export interface AccessRules {
  readonly token: string;
  /** True when only this machine can reach the server. */
  readonly loopback: boolean;
  readonly cookieName: string;
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

/**
 * A page of another site can make a browser send requests here under a name that it controls (DNS rebinding), so the name
 * must be one that only this machine answers to: a loopback name, or, when listening beyond loopback, an address or our host name.
 */
export function hostAllowed(request: IncomingMessage, rules: AccessRules): boolean {
  const name = hostName(request.headers.host);
  if (name === undefined) return false;
  if (LOOPBACK_NAMES.has(name)) return true;
  const address = name.replace(/^\[|\]$/g, "");
  return !rules.loopback && (isIP(address) !== 0 || name === hostname().toLowerCase());
}

/** Browsers always send an origin with a WebSocket: it must be ours. A program that is no browser sends none. */
export function originAllowed(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}

/** The token, from the URL or from the cookie that the first visit set. */
export function tokenAllowed(request: IncomingMessage, url: URL, rules: AccessRules): boolean {
  const fromUrl = url.searchParams.get("token");
  if (fromUrl) return sameText(fromUrl, rules.token);
  const cookies = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  return cookies.some((pair) => sameText(pair, `${rules.cookieName}=${rules.token}`));
}

/** Cookies do not know ports: the name does, so that two servers on one machine do not sign each other out. */
export const cookieNameFor = (port: number): string => `sift-${port}`;

export const tokenCookie = (rules: AccessRules): string =>
  `${rules.cookieName}=${rules.token}; HttpOnly; SameSite=Strict; Path=/`;

function hostName(host: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:\s/]+)(?::\d+)?$/i.exec(host ?? "");
  return match?.[1]?.toLowerCase();
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
