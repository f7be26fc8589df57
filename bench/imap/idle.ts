/** Many connections that wait in IDLE: what each takes, and when all have heard of a message. */

import { memory } from '../proc.ts';
import { password, user, type ImapContender } from './contenders.ts';
import { makeMessage } from './mailbox.ts';
import { Wire } from './wire.ts';

const openedTogether = 20;

export async function measureIdle(
  contender: ImapContender,
  connections: number,
): Promise<{ row: string; unit: 'ms' | 'KB'; value: number }[]> {
  const resident = (): number => memory([contender.pid()]).rssBytes;
  const before = resident();
  const wires: Wire[] = [];
  try {
    while (wires.length < connections) {
      const count = Math.min(openedTogether, connections - wires.length);
      wires.push(...(await Promise.all(Array.from({ length: count }, () => open(contender)))));
    }
    const each = (resident() - before) / connections / 1024;
    const message = makeMessage(1);
    const sender = await Wire.open(contender.port());
    await sender.login(user, password);
    const heard = Promise.all(wires.map((wire) => wire.until(/\* \d+ EXISTS\r\n/)));
    const start = performance.now();
    await sender.command(`APPEND Sent {${message.length}+}\r\n`, message);
    await heard;
    const ms = performance.now() - start;
    await sender.end();
    return [
      { row: `IDLE × ${connections}: memory of each`, unit: 'KB', value: each },
      { row: `IDLE × ${connections}: all have heard`, unit: 'ms', value: ms },
    ];
  } finally {
    for (const wire of wires) wire[Symbol.dispose]();
  }
}

async function open(contender: ImapContender): Promise<Wire> {
  const wire = await Wire.open(contender.port());
  await wire.login(user, password);
  await wire.command('SELECT Sent');
  wire.write('idle IDLE\r\n');
  await wire.until(/(?:^|\n)\+[^\n]*\n/);
  return wire;
}
