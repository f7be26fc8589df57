/**
 * Our own server as real clients meet it: a process of its own, started by its command with a
 * configuration file, its accounts made through the control socket.
 */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectControl } from '@merpati/server/admin/control-client.ts';
import { controlSocketFile } from '@merpati/server/admin/control-socket-name.ts';
import type { Connection } from '@merpati/server/admin/connection.ts';
import { root } from '../tidy/tree.ts';
import { Daemon, Folder, freePort, greets, makeCertificate, waitFor } from './machine.ts';
import type { Certificate } from './machine.ts';

export interface MerpatiOptions {
  readonly hostname?: string;
  readonly domains?: readonly string[];
  /** Address to password. */
  readonly accounts?: Readonly<Record<string, string>>;
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
  /** Recipient domain (`*`: all) to a port of the loopback. */
  readonly routes?: Readonly<Record<string, number>>;
  /** More of the configuration, TOML. Comes first: keys without a table. */
  readonly settings?: string;
  /** Where the data lies; absent: a folder of its own. */
  readonly data?: string;
}

export interface Ports {
  readonly smtp: number;
  readonly submission: number;
  readonly submissions: number;
  readonly pop3: number;
  readonly pop3s: number;
  readonly imap: number;
  readonly imaps: number;
  readonly http: number;
}

const startMsMax = 20_000;

export class Merpati implements AsyncDisposable {
  readonly ports: Ports;
  readonly certificate: Certificate;
  readonly data: string;
  readonly #folder: Folder;
  #daemon: Daemon;

  private constructor(folder: Folder, made: Pick<Merpati, 'ports' | 'certificate' | 'data'>) {
    this.#folder = folder;
    this.ports = made.ports;
    this.certificate = made.certificate;
    this.data = made.data;
    this.#daemon = this.#spawn();
  }

  static async start(options: MerpatiOptions = {}): Promise<Merpati> {
    const folder = new Folder('server');
    const hostname = options.hostname ?? 'mx.merpati.test';
    const ports = {
      smtp: await freePort(),
      submission: await freePort(),
      submissions: await freePort(),
      pop3: await freePort(),
      pop3s: await freePort(),
      imap: await freePort(),
      imaps: await freePort(),
      http: await freePort(),
    };
    const data = options.data ?? folder.file('data');
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const certificate = await makeCertificate(folder.path, [hostname, 'localhost']);
    const text = writeConfig({ hostname, data, ports, certificate, options });
    writeFileSync(folder.file('merpati.toml'), text, { mode: 0o600 });
    const merpati = new Merpati(folder, { ports, certificate, data });
    try {
      await merpati.#isUp();
      await merpati.#populate(options);
    } catch (error) {
      const { said } = merpati;
      await merpati[Symbol.asyncDispose]();
      throw new Error(`the server did not start: ${said}`, { cause: error });
    }
    return merpati;
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  /** Its log. */
  get said(): string {
    return this.#daemon.said;
  }

  get configFile(): string {
    return this.#folder.file('merpati.toml');
  }

  /** The administrator's way in. */
  async control(): Promise<Connection> {
    const connection = await connectControl(controlSocketFile(this.data));
    if (connection === null) throw new Error('the control socket does not answer');
    return connection;
  }

  /** The counter of what must not happen. */
  async bugs(): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.ports.http}/metrics`);
    const match = /^merpati_bugs_total(?:\{[^}]*\})? (\d+)$/m.exec(await response.text());
    if (match === null) throw new Error('merpati_bugs_total is not among the metrics');
    return Number(match[1]);
  }

  /** As the power fails, only kinder: SIGKILL, no good-byes. */
  async crash(): Promise<void> {
    this.#daemon.kill('SIGKILL');
    await this.#daemon.ended();
  }

  async stop(): Promise<void> {
    this.#daemon.kill('SIGTERM');
    await this.#daemon.ended(30_000);
  }

  async restart(): Promise<void> {
    this.#daemon = this.#spawn();
    await this.#isUp();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }

  #spawn(): Daemon {
    const command = join(root, 'packages/server/bin/merpati.js');
    return new Daemon(process.execPath, [command, 'serve', '--config', this.configFile]);
  }

  async #isUp(): Promise<void> {
    await waitFor(
      'the server',
      async () => {
        if (this.#daemon.exit !== null) throw new Error(`ended with ${this.#daemon.exit}`);
        // With several threads the ports are open before all of them have begun.
        return (await greets(this.ports.smtp)) && existsSync(controlSocketFile(this.data));
      },
      startMsMax,
    );
  }

  async #populate(options: MerpatiOptions): Promise<void> {
    const connection = await this.control();
    for (const name of options.domains ?? ['merpati.test']) {
      await connection.call('domain.put', { name, mode: 'add' });
    }
    const accounts = options.accounts ?? { 'you@merpati.test': 'merpati' };
    for (const [address, password] of Object.entries(accounts)) {
      await connection.call('account.add', { address, password });
    }
    for (const [address, targets] of Object.entries(options.aliases ?? {})) {
      await connection.call('alias.put', { address, targets: [...targets], mode: 'add' });
    }
    await connection.close();
  }
}

function writeConfig(made: {
  readonly hostname: string;
  readonly data: string;
  readonly ports: Ports;
  readonly certificate: Certificate;
  readonly options: MerpatiOptions;
}): string {
  const { ports, certificate, options } = made;
  const at = (port: number): string => JSON.stringify([`127.0.0.1:${port}`]);
  const routes = Object.entries(options.routes ?? {}).map(
    ([domain, port]) => `[[routes]]\ndomain = "${domain}"\nhost = "127.0.0.1"\nport = ${port}\n`,
  );
  return `hostname = "${made.hostname}"
data = "${made.data}"
${options.settings ?? ''}
${routes.join('\n')}
[listen]
smtp = ${at(ports.smtp)}
submission = ${at(ports.submission)}
submissions = ${at(ports.submissions)}
pop3 = ${at(ports.pop3)}
pop3s = ${at(ports.pop3s)}
imap = ${at(ports.imap)}
imaps = ${at(ports.imaps)}
http = ${at(ports.http)}
[tls]
certificate_file = "${certificate.certificateFile}"
key_file = "${certificate.keyFile}"
`;
}
