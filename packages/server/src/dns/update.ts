/**
 * Changes a zone on its own server, signed with a key that both know. By TCP, for an answer must
 * not be lost. RFC 2136 §3; RFC 8945.
 */

import { createHmac } from 'node:crypto';
import { readDnsMessage, rcodes } from '@merpati/formats/dns/message.ts';
import {
  checkSigned,
  signMessage,
  tsigAlgorithms,
  type TsigAlgorithm,
  type TsigKey,
} from '@merpati/formats/dns/tsig.ts';
import { writeUpdate, type ZoneChange } from '@merpati/formats/dns/update.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { World } from '../world.ts';
import type { NameServer } from './servers.ts';

export interface UpdateKey {
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  /** base64, as `keymgr` and `tsig-keygen` write it. */
  readonly secret: string;
}

export interface UpdateTarget {
  readonly server: NameServer;
  readonly zone: string;
  readonly key: UpdateKey;
}

export type Updated =
  | { readonly kind: 'done' }
  /** `why` for people: the server's code, or what happened on the way. */
  | { readonly kind: 'failed'; readonly why: string };

const timeoutMs = 10_000;

/** RFC 2136 §2.2; RFC 8945 §3. */
const codeNames: Readonly<Record<number, string>> = {
  [rcodes.formErr]: 'FORMERR',
  [rcodes.servFail]: 'SERVFAIL',
  [rcodes.nxDomain]: 'NXDOMAIN',
  [rcodes.notImp]: 'NOTIMP: it takes no updates',
  [rcodes.refused]: 'REFUSED: the key may not change this',
  9: 'NOTAUTH: another zone or another key',
  10: 'NOTZONE: a name outside the zone',
};

export async function updateZone(
  world: Pick<World, 'dial' | 'nowMs' | 'randomBytes'>,
  target: UpdateTarget,
  changes: readonly ZoneChange[],
): Promise<Updated> {
  const [high = 0, low = 0] = world.randomBytes(2);
  const message = writeUpdate((high << 8) | low, target.zone, changes);
  const key = tsigKey(target.key);
  const { octets, mac } = signMessage(message, key, Math.floor(world.nowMs() / 1000));
  try {
    const answer = await ask(world, target.server, octets);
    const nowSeconds = Math.floor(world.nowMs() / 1000);
    const trouble = checkSigned(answer, key, { requestMac: mac, nowSeconds });
    const { rcode, id } = readDnsMessage(answer);
    if (id !== ((high << 8) | low)) return failed('an answer to something else');
    if (rcode !== rcodes.noError) return failed(codeNames[rcode] ?? `code ${rcode}`);
    return trouble === null ? { kind: 'done' } : failed(`the answer's signature: ${trouble}`);
  } catch (error) {
    if (error instanceof SyntaxFault) return failed(error.message);
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return failed(code);
  }
}

const failed = (why: string): Updated => ({ kind: 'failed', why });

function tsigKey({ name, algorithm, secret }: UpdateKey): TsigKey {
  const octets = Buffer.from(secret, 'base64');
  return {
    name,
    algorithm,
    mac: (data) =>
      new Uint8Array(createHmac(tsigAlgorithms[algorithm], octets).update(data).digest()),
  };
}

/** Rejects with an error that has a `code`. */
async function ask(
  world: Pick<World, 'dial'>,
  { address, port }: NameServer,
  octets: Uint8Array,
): Promise<Uint8Array> {
  const socket = await world.dial({ address, port, timeoutMs });
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const fail = (code: string) => {
      socket.destroy();
      reject(Object.assign(new Error(code), { code }));
    };
    socket.setTimeout(timeoutMs, () => fail('ETIMEDOUT'));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'ECONNRESET'));
    socket.on('close', () => fail('ECONNRESET'));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      resolve(new Uint8Array(received.subarray(2, 2 + received.readUInt16BE(0))));
      socket.destroy();
    });
    socket.write(Buffer.concat([Uint8Array.of(octets.length >> 8, octets.length & 255), octets]));
  });
}
