/** Debian's Pebble: an ACME authority for tests, strict where others are lenient. */

import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Certificate } from '../../packages/server/src/lab/authority.ts';
import { Daemon, Folder, freePort, waitFor } from './machine.ts';

export interface PebbleOptions {
  /** Of its own HTTPS. */
  readonly issued: Certificate;
  /** Where it looks for proofs. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** `127.0.0.1:5353` */
  readonly dnsServer: string;
  /** Only accounts with these: key identifier to base64url key. */
  readonly externalKeys?: Readonly<Record<string, string>>;
  /** Of 100 good nonces so many are refused. */
  readonly noncesRefused?: number;
}

const validityS = 90 * 86_400;

export class Pebble implements AsyncDisposable {
  readonly port: number;
  readonly #folder: Folder;
  readonly #daemon: Daemon;

  private constructor(options: PebbleOptions, port: number, managementPort: number) {
    this.port = port;
    const folder = new Folder('pebble');
    this.#folder = folder;
    writeFileSync(folder.file('cert.pem'), options.issued.certificate);
    writeFileSync(folder.file('key.pem'), options.issued.key);
    const pebble = {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${managementPort}`,
      certificate: folder.file('cert.pem'),
      privateKey: folder.file('key.pem'),
      httpPort: options.httpPort,
      tlsPort: options.tlsPort,
      ocspResponderURL: '',
      externalAccountBindingRequired: options.externalKeys !== undefined,
      externalAccountMACKeys: options.externalKeys ?? {},
      certificateValidityPeriod: validityS,
    };
    writeFileSync(folder.file('config.json'), JSON.stringify({ pebble }));
    const args = [
      '-config',
      folder.file('config.json'),
      '-dnsserver',
      options.dnsServer,
      '-strict',
    ];
    this.#daemon = new Daemon('pebble', args, {
      PEBBLE_VA_NOSLEEP: '1',
      PEBBLE_AUTHZREUSE: '0',
      PEBBLE_WFE_NONCEREJECT: String(options.noncesRefused ?? 0),
    });
  }

  static async start(options: PebbleOptions): Promise<Pebble> {
    const pebble = new Pebble(options, await freePort(), await freePort());
    try {
      await waitFor('Pebble', () => accepts(pebble.port));
    } catch (error) {
      await pebble[Symbol.asyncDispose]();
      throw new Error(`Pebble did not start: ${pebble.said}`, { cause: error });
    }
    return pebble;
  }

  get said(): string {
    return this.#daemon.said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
