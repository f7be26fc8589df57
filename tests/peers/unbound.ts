/**
 * Debian's Unbound as a peer: a resolver that validates, with the trust anchors that a test gives
 * it, and nothing of the real internet.
 */

import { writeFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { findProgram } from '../programs.ts';
import { Daemon, Folder, freePort, waitFor } from './machine.ts';

export interface UnboundOptions {
  /** Zone → port of its server on the loopback. */
  readonly zones: Readonly<Record<string, number>>;
  /** DS records of the zones that must be signed. */
  readonly anchors: readonly string[];
}

export class Unbound implements AsyncDisposable {
  readonly port: number;
  readonly #folder: Folder;
  readonly #daemon: Daemon;

  private constructor(folder: Folder, port: number) {
    this.#folder = folder;
    this.port = port;
    const file = findProgram('unbound') ?? 'unbound';
    this.#daemon = new Daemon(file, ['-d', '-c', folder.file('unbound.conf')]);
  }

  static async start(options: UnboundOptions): Promise<Unbound> {
    const folder = new Folder('unbound');
    const port = await freePort();
    writeFileSync(folder.file('unbound.conf'), configuration(folder.path, port, options));
    const unbound = new Unbound(folder, port);
    const asking = new Resolver({ timeout: 500, tries: 1 });
    asking.setServers([`127.0.0.1:${port}`]);
    try {
      await waitFor('Unbound', () =>
        asking.resolve4('localhost').then(
          () => true,
          () => false,
        ),
      );
    } catch (error) {
      await unbound[Symbol.asyncDispose]();
      throw new Error(`Unbound did not start: ${unbound.#daemon.said}`, { cause: error });
    }
    return unbound;
  }

  get log(): string {
    return this.#daemon.said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

/** Nothing is kept: a test that changes a zone must not wait. */
function configuration(folder: string, port: number, { zones, anchors }: UnboundOptions): string {
  const stubs = Object.entries(zones).map(
    ([name, at]) => `stub-zone:\n  name: "${name}."\n  stub-addr: 127.0.0.1@${at}\n`,
  );
  return `server:
  interface: 127.0.0.1
  port: ${port}
  username: ""
  chroot: ""
  pidfile: ""
  directory: "${folder}"
  use-syslog: no
  verbosity: 1
  do-not-query-localhost: no
  do-ip6: no
  qname-minimisation: no
  module-config: "validator iterator"
  ede: yes
  aggressive-nsec: no
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  local-zone: "test." nodefault
  access-control: 127.0.0.0/8 allow
${anchors.map((anchor) => `  trust-anchor: "${anchor}"\n`).join('')}
remote-control:
  control-enable: no
${stubs.join('')}`;
}
