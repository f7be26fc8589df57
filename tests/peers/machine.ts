/** Ports, folders, certificates, child processes: what peers and clients in tests are made of. */

import { execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Test files run side by side, each in a process of its own, and a port that is free now is taken a
 * moment later. So each process has a block of its own, and says so by listening at the block's
 * first port for as long as it lives: the kernel gives that one to nobody else, and frees it
 * whatever ends the process. Above the blocks of labs, below the ports of outgoing connections.
 */
const firstBlock = 20_000;
const lastBlock = 32_700;
const blockLength = 100;

let nextPort = 0;
let blockEnd = 0;

/**
 * A port of the loopback that nobody has and no other test will take; never the same one twice,
 * because a server that is started anew wants its own ports again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    if (nextPort >= blockEnd) await takeBlock();
    const port = nextPort;
    nextPort += 1;
    if (await isFree(port)) return port;
  }
}

async function takeBlock(): Promise<void> {
  const blocks = (lastBlock - firstBlock) / blockLength;
  const start = randomInt(blocks);
  for (let i = 0; i < blocks; i += 1) {
    const first = firstBlock + ((start + i) % blocks) * blockLength;
    const guard = await tryListen(first);
    if (guard === null) continue;
    guard.unref();
    nextPort = first + 1;
    blockEnd = first + blockLength;
    return;
  }
  throw new Error('every block of ports is taken');
}

function tryListen(port: number): Promise<Server | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(null));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}

async function isFree(port: number): Promise<boolean> {
  const server = await tryListen(port);
  if (server === null) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

/** A folder of its own, readable by other users' processes too; gone after use. */
export class Folder implements Disposable {
  readonly path: string;

  constructor(name: string) {
    this.path = mkdtempSync(join(tmpdir(), `merpati-${name}-`));
    chmodSync(this.path, 0o755);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** Runs a program to its end; the exit code is an answer, not an error. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      [...args],
      {
        env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
        encoding: 'utf8',
        maxBuffer: 256 * 1024 * 1024,
        timeout: options.timeoutMs ?? 60_000,
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code !== 'number') {
          reject(new Error(`${file}: ${error?.message ?? ''}\n${stdout}\n${stderr}`));
        } else resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => {
      // The program did not want to read all of it.
    });
    child.stdin?.end(options.stdin ?? '');
  });
}

/** As `runProgram`, for steps that must succeed. */
export async function mustRun(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const ran = await runProgram(file, args, options);
  if (ran.code !== 0) {
    const output = `${ran.stdout}\n${ran.stderr}`;
    throw new Error(`${file} ${args.join(' ')}: exit code ${ran.code}\n${output}`);
  }
  return ran;
}

/** Waits until `ask` answers with something; says what it waited for when it does not. */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  timeoutMs = 30_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(20);
  }
}

/** Does a server greet here? Waits for its first octet. */
export function greets(port: number, timeoutMs = 2000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => settle(false));
    socket.once('data', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}

export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** What a client must trust. */
  readonly authorityFile: string;
}

/** A certificate for these names and 127.0.0.1, self-signed: its own authority. */
export async function makeCertificate(
  folder: string,
  names: readonly string[],
): Promise<Certificate> {
  const certificateFile = join(folder, 'certificate.pem');
  const keyFile = join(folder, 'key.pem');
  const alternatives = [...names.map((name) => `DNS:${name}`), 'IP:127.0.0.1'].join(',');
  const kind = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30';
  const subject = ['-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${alternatives}`];
  const files = ['-keyout', keyFile, '-out', certificateFile];
  await mustRun('openssl', [...kind.split(' '), ...subject, ...files]);
  return { certificateFile, keyFile, authorityFile: certificateFile };
}

/** A program that stays; what it says is kept for the error message. */
export class Daemon implements AsyncDisposable {
  readonly #child;
  #said = '';
  #exit: string | null = null;

  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(file, [...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(-1_000_000);
      });
    }
    this.#child.on('exit', (code, signal) => {
      this.#exit = signal ?? String(code);
    });
    this.#child.on('error', (error) => {
      this.#exit = error.message;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get said(): string {
    return this.#said;
  }

  /** null while it runs. */
  get exit(): string | null {
    return this.#exit;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async ended(timeoutMs = 15_000): Promise<string> {
    return await waitFor(`the end of ${this.#child.spawnfile}`, () => this.#exit, timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exit !== null) return;
    this.#child.kill('SIGTERM');
    await this.ended().catch(() => this.#child.kill('SIGKILL'));
  }
}

/** The process and all its descendants. */
export function processTree(pid: number): number[] {
  const tree = [pid];
  for (const parent of tree) {
    let children = '';
    try {
      children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8');
    } catch {
      // It has ended meanwhile.
    }
    tree.push(...children.split(' ').filter(Boolean).map(Number));
  }
  return tree;
}
