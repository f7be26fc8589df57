/**
 * Messages for the generator: every one different, so that no server can store two as one, and
 * about as compressible as mail is: words in small ones, base64 of random octets in large ones.
 */

import { randomBytes, randomInt } from 'node:crypto';

export interface MessageSource {
  /** The next recipient, in turn. */
  recipient(): string;
  /** The next message; `body` ends with the final dot. Nothing in it begins with a dot. */
  next(): { readonly head: string; readonly body: Buffer };
}

export interface MessageOptions {
  readonly sizeBytes: number;
  readonly sender: string;
  readonly recipients: readonly string[];
}

/** Up to this size a message is text somebody wrote; above, most of it is an attachment. */
const textBytesMax = 16_384;
const textType = 'Content-Type: text/plain; charset=us-ascii';
/** Said, so that nobody takes it for a text to be searched in. */
const attachmentType =
  'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64';
const words = (
  'mail server message queue inbox letter morning answer question please thanks meeting tomorrow ' +
  'about project before after could would should never always little great house river mountain ' +
  'pigeon carries words across islands between people who wait for news from home and write back'
).split(' ');

export function makeMessages(options: MessageOptions): MessageSource {
  const { sender, recipients, sizeBytes } = options;
  const run = randomBytes(6).toString('hex');
  const date = new Date().toUTCString().replace('GMT', '+0000');
  const makeHead = (count: number): string =>
    `From: "Generator" <${sender}>\r\nTo: <${recipients[0] ?? ''}>\r\n` +
    `Subject: Measured message ${String(count).padStart(9, '0')}\r\nDate: ${date}\r\n` +
    `Message-ID: <${run}.${String(count).padStart(9, '0')}@generator.test>\r\n` +
    `MIME-Version: 1.0\r\n${sizeBytes > textBytesMax ? attachmentType : textType}\r\n\r\n`;
  const bodyBytes = Math.max(sizeBytes - makeHead(0).length, 2);
  const bodies = Array.from({ length: sizeBytes > 1_000_000 ? 2 : 16 }, () => makeBody(bodyBytes));
  let count = 0;
  let turn = 0;
  return {
    recipient() {
      turn += 1;
      return recipients[turn % recipients.length] ?? '';
    },
    next() {
      count += 1;
      return { head: makeHead(count), body: bodies[count % bodies.length] ?? Buffer.alloc(0) };
    },
  };
}

function makeBody(bytes: number): Buffer {
  const lines: string[] = [];
  let length = 0;
  while (length < bytes) {
    const line = bytes <= textBytesMax ? sentence() : randomBytes(57).toString('base64');
    lines.push(line);
    length += line.length + 2;
  }
  const text = lines
    .join('\r\n')
    .slice(0, bytes - 2)
    .replace(/[\r\n]*$/, '');
  return Buffer.from(`${text.padEnd(bytes - 2, '=')}\r\n.\r\n`, 'latin1');
}

function sentence(): string {
  let line = '';
  while (line.length < 64) line += `${words[randomInt(words.length)] ?? ''} `;
  return line.trimEnd();
}
