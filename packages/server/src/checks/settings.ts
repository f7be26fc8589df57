/** What the configuration says of checks, made ready once. RFC 9989 §5.4: whose rule holds. */

import type { Config } from '../config/schema.ts';
import { createNetworks, type Networks } from '../net/networks.ts';

type Checks = Config['checks'];

export interface DnsList {
  readonly list: Checks['lists'][number];
  readonly answers: Networks;
}

interface Settings {
  readonly trusted: Networks;
  readonly lists: readonly DnsList[];
}

const known = new WeakMap<Config, Settings>();

export function checkSettings(config: Config): Settings {
  let settings = known.get(config);
  if (settings === undefined) {
    settings = {
      trusted: createNetworks(config.checks.trusted_networks),
      lists: config.checks.lists.map((list) => ({ list, answers: createNetworks(list.answers) })),
    };
    known.set(config, settings);
  }
  return settings;
}

/** Clients whose word is taken for what they bring. */
export function isTrusted(config: Config, ip: string): boolean {
  return checkSettings(config).trusted.has(ip);
}

/** Is what the author's domain asks done for this recipient? */
export function isEnforced(
  { authentication, exceptions }: Checks,
  author: string,
  recipient: string,
): boolean {
  const address = recipient.toLowerCase();
  const domain = address.slice(address.lastIndexOf('@') + 1);
  const found = exceptions.find(
    (one) =>
      matches(one.author, author) &&
      (matches(one.recipient, domain) || one.recipient.toLowerCase() === address),
  );
  return (found?.authentication ?? authentication) === 'enforce';
}

/** `*`, a domain, or `.domain` for all below it. */
function matches(pattern: string, domain: string): boolean {
  const lower = pattern.toLowerCase();
  if (lower === '*') return true;
  return lower.startsWith('.') ? domain.endsWith(lower) : domain === lower;
}
