/**
 * Debian's Knot DNS as a peer: the own servers of a few zones, signed by itself where wanted, on
 * the loopback. RFC 4033–4035 are its business; we only hold our answers against them.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { findProgram } from '../programs.ts';
import { Daemon, Folder, freePort, mustRun, waitFor } from './machine.ts';

export interface KnotZone {
  /** Without the final dot. */
  readonly name: string;
  readonly signed: boolean;
  /** Lines of a zone file below the SOA; names relative to the zone. */
  readonly records: readonly string[];
}

/** Who may change the zones by DNS UPDATE. */
export interface KnotKey {
  readonly name: string;
  /** base64 */
  readonly secret: string;
}

/** Nothing is to be remembered in tests that change things. */
const ttlSeconds = 1;

export class Knot implements AsyncDisposable {
  readonly port: number;
  readonly #folder: Folder;
  readonly #daemon: Daemon;

  private constructor(folder: Folder, port: number) {
    this.#folder = folder;
    this.port = port;
    this.#daemon = new Daemon(findProgram('knotd') ?? 'knotd', ['-c', folder.file('knot.conf')]);
  }

  static async start(zones: readonly KnotZone[], key?: KnotKey): Promise<Knot> {
    const folder = new Folder('knot');
    const port = await freePort();
    for (const name of ['run', 'db']) mkdirSync(folder.file(name));
    for (const zone of zones) writeFileSync(folder.file(zone.name), zoneFile(zone));
    writeFileSync(
      folder.file('knot.conf'),
      configuration({ folder: folder.path, port, zones, key }),
    );
    const knot = new Knot(folder, port);
    try {
      await waitFor('Knot', () => knot.#daemon.said.includes('server started') && answers(port));
    } catch (error) {
      await knot[Symbol.asyncDispose]();
      throw new Error(`Knot did not start: ${knot.#daemon.said}`, { cause: error });
    }
    return knot;
  }

  /** The zone's key as a parent would publish it: `aman.test. DS 58256 13 2 c8f4…`. */
  async anchor(zone: string): Promise<string> {
    const { stdout } = await mustRun('keymgr', ['-c', this.#folder.file('knot.conf'), zone, 'ds']);
    return stdout.split('\n').find((line) => / 13 2 /.test(line)) ?? '';
  }

  /** Puts these in the place of all records of that name and type, and signs them. */
  async set(zone: string, name: string, type: string, ...data: string[]): Promise<void> {
    await this.#control('zone-begin', zone);
    await this.#control('zone-unset', zone, name, type).catch(() => {
      // There were none.
    });
    for (const one of data) await this.#control('zone-set', zone, name, `${ttlSeconds}`, type, one);
    await this.#control('zone-commit', zone);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }

  async #control(...command: string[]): Promise<void> {
    await mustRun('knotc', ['-c', this.#folder.file('knot.conf'), ...command]);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function zoneFile({ name, records }: KnotZone): string {
  const soa = `@ SOA ns hostmaster 1 3600 600 86400 ${ttlSeconds}`;
  const head = [`$ORIGIN ${name}.`, `$TTL ${ttlSeconds}`, soa, '@ NS ns', 'ns A 127.0.0.1'];
  return `${[...head, ...records].join('\n')}\n`;
}

interface Setting {
  readonly folder: string;
  readonly port: number;
  readonly zones: readonly KnotZone[];
  readonly key: KnotKey | undefined;
}

const keyed = ({ name, secret }: KnotKey) => `key:
  - id: ${name}
    algorithm: hmac-sha256
    secret: ${secret}
acl:
  - id: changes
    key: ${name}
    action: update
`;

function configuration({ folder, port, zones, key }: Setting): string {
  const listed = zones.map(({ name, signed }) => {
    const signing = signed ? '\n    dnssec-signing: on\n    dnssec-policy: one-key' : '';
    const changes = key === undefined ? '' : '\n    acl: changes';
    return `  - domain: ${name}\n    file: ${name}${signing}${changes}`;
  });
  return `server:
  rundir: ${folder}/run
  listen: 127.0.0.1@${port}
database:
  storage: ${folder}/db
${key === undefined ? '' : keyed(key)}log:
  - target: stderr
    any: info
policy:
  - id: one-key
    algorithm: ecdsap256sha256
    single-type-signing: on
template:
  - id: default
    storage: ${folder}
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: all
zone:
${listed.join('\n')}
`;
}
