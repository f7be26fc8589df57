/**
 * Debian's Rspamd as a peer: what it thinks of a sender, by SPF, DKIM, ARC and DMARC alone. It asks
 * the DNS server that it is given.
 */

import { writeFileSync } from 'node:fs';
import { findProgram } from '../programs.ts';
import { Daemon, Folder, freePort, waitFor } from './machine.ts';

export interface RspamdQuestion {
  readonly message: Uint8Array;
  /** Of the client. */
  readonly ip: string;
  readonly helo: string;
  readonly sender: string;
  readonly recipient: string;
}

export class Rspamd implements AsyncDisposable {
  readonly #folder: Folder;
  readonly #port: number;
  readonly #daemon: Daemon;

  private constructor(folder: Folder, port: number) {
    this.#folder = folder;
    this.#port = port;
    const program = findProgram('rspamd') ?? 'rspamd';
    const options = ['-f', '--insecure', '-u', 'root', '-g', 'root'];
    this.#daemon = new Daemon(program, ['-c', folder.file('rspamd.conf'), ...options]);
  }

  static async start(dnsPort: number): Promise<Rspamd> {
    const folder = new Folder('rspamd');
    const port = await freePort();
    // Which names are open to registration; the whole list takes it ten seconds to learn.
    writeFileSync(folder.file('suffixes'), 'test\n');
    writeFileSync(folder.file('rspamd.conf'), configuration(folder.path, port, dnsPort));
    const rspamd = new Rspamd(folder, port);
    try {
      await waitFor('Rspamd', () => rspamd.#isUp(), 60_000);
    } catch (error) {
      await rspamd[Symbol.asyncDispose]();
      throw new Error(`Rspamd did not start: ${rspamd.#daemon.said}`, { cause: error });
    }
    return rspamd;
  }

  /** The names of what it has found: `R_SPF_ALLOW`, `DMARC_POLICY_REJECT`, … */
  async symbols(question: RspamdQuestion): Promise<ReadonlySet<string>> {
    const { message, ip, helo, sender, recipient } = question;
    const answer = await fetch(`http://127.0.0.1:${this.#port}/checkv2`, {
      method: 'POST',
      headers: { IP: ip, Helo: helo, From: sender, Rcpt: recipient },
      body: Buffer.from(message),
    });
    const { symbols, error } = (await answer.json()) as { symbols?: object; error?: string };
    if (symbols === undefined) throw new Error(`Rspamd: ${error ?? answer.statusText}`);
    return new Set(Object.keys(symbols));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }

  async #isUp(): Promise<boolean> {
    if (this.#daemon.exit !== null) throw new Error(`it ended: ${this.#daemon.exit}`);
    try {
      return (await fetch(`http://127.0.0.1:${this.#port}/ping`)).ok;
    } catch {
      return false;
    }
  }
}

function configuration(folder: string, port: number, dnsPort: number): string {
  return `options {
  pidfile = "${folder}/pid";
  tempdir = "${folder}";
  cache_file = "${folder}/symbols";
  history_file = "${folder}/history";
  stats_file = "${folder}/stats";
  hs_cache_dir = "${folder}/";
  control_socket = "${folder}/control mode=0600";
  url_tld = "${folder}/suffixes";
  local_addrs = "198.51.100.0/24";
  filters = "dkim";
  dns { nameserver = ["127.0.0.1:${dnsPort}"]; timeout = 2s; retransmits = 5; sockets = 4; }
}
logging { type = "console"; level = "warning"; }
worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; }
modules {
  path = "/usr/share/rspamd/plugins/spf.lua";
  path = "/usr/share/rspamd/plugins/arc.lua";
  path = "/usr/share/rspamd/plugins/dmarc.lua";
}
lua = "/usr/share/rspamd/rules/rspamd.lua";
dkim { }
spf { }
arc { }
dmarc { }
`;
}
