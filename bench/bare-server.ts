/**
 * The least that a server on Node can do for a message and still keep it: four commands, a hash, a
 * row, one synced commit for all that wait. No checks, no limits, no TLS, no journey. It shows what
 * is left to gain; nothing else should use it. `node bench/bare-server.ts PORT FILE`
 */

import { hash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { DatabaseSync } from 'node:sqlite';

const [port = '', file = ''] = process.argv.slice(2);
const db = new DatabaseSync(file);
db.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE message (id INTEGER PRIMARY KEY, recipient TEXT, hash BLOB, body BLOB);
`);
const begin = db.prepare('BEGIN IMMEDIATE');
const insert = db.prepare('INSERT INTO message (recipient, hash, body) VALUES (?, ?, ?)');
const commit = db.prepare('COMMIT');

interface Waiting {
  readonly socket: Socket;
  readonly recipient: string;
  readonly body: Buffer;
}

let waiting: Waiting[] = [];

function keep(message: Waiting): void {
  waiting.push(message);
  if (waiting.length === 1) setImmediate(commitAll);
}

function commitAll(): void {
  const group = waiting;
  waiting = [];
  begin.run();
  for (const { recipient, body } of group) {
    insert.run(recipient, hash('sha256', body, 'buffer'), body);
  }
  commit.run();
  for (const { socket } of group) socket.write('250 2.0.0 Ok\r\n');
}

const end = '\r\n.\r\n';

class Session {
  readonly #socket: Socket;
  #line = '';
  #recipient = '';
  /** null: commands are read. */
  #body: Buffer[] | null = null;

  constructor(socket: Socket) {
    this.#socket = socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => socket.destroy());
    socket.write('220 bare\r\n');
  }

  #take(chunk: Buffer): void {
    if (this.#body === null) this.#takeCommands(chunk);
    else this.#takeBody(this.#body, chunk);
  }

  #takeCommands(chunk: Buffer): void {
    const lines = (this.#line + chunk.toString('latin1')).split('\r\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) this.#perform(line);
  }

  #takeBody(body: Buffer[], chunk: Buffer): void {
    body.push(chunk);
    const whole = chunk.length >= end.length ? chunk : Buffer.concat(body);
    if (whole.toString('latin1', whole.length - end.length) !== end) return;
    this.#body = null;
    keep({ socket: this.#socket, recipient: this.#recipient, body: Buffer.concat(body) });
  }

  #perform(line: string): void {
    switch (line.slice(0, 4).toUpperCase()) {
      case 'DATA':
        this.#body = [];
        this.#socket.write('354 Go on\r\n');
        return;
      case 'QUIT':
        this.#socket.end('221 Bye\r\n');
        return;
      case 'RCPT':
        this.#recipient = line;
        break;
      default:
    }
    this.#socket.write('250 Ok\r\n');
  }
}

createServer((socket) => new Session(socket)).listen(Number(port), '127.0.0.1');
