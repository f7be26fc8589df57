/**
 * Messages for a large mailbox: text, HTML beside it, now and then an attachment; words so that
 * some are common and some rare. The same number gives the same message, for every contender.
 */

const syllables =
  'a ba ca da ga ha ja ka la ma na pa ra sa ta wa ber di ke men per se ter an i u'.split(' ');

/** Small and good enough; the same everywhere. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

const vocabulary = (() => {
  const random = createRandom(42);
  const word = (): string =>
    Array.from(
      { length: 2 + Math.floor(random() * 3) },
      () => syllables[Math.floor(random() * syllables.length)],
    ).join('');
  return Array.from({ length: 20_000 }, word);
})();

/** Stands in one message of a thousand. */
export const rareWord = 'zamrudkhatulistiwa';
export const firstDateMs = Date.UTC(2020, 0, 1);
const minutesBetween = 10;

function textOf(random: () => number, words: number): string {
  const lines: string[] = [];
  let line = '';
  for (let count = 0; count < words; count += 1) {
    line += `${vocabulary[Math.floor(random() ** 4 * vocabulary.length)]} `;
    if (line.length > 66) {
      lines.push(line.trimEnd());
      line = '';
    }
  }
  return [...lines, line.trimEnd()].join('\r\n');
}

function base64(random: () => number, octets: number): string {
  const bytes = Buffer.alloc(octets);
  for (let at = 0; at < octets; at += 1) bytes[at] = Math.floor(random() * 256);
  return (bytes.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n');
}

export function makeMessage(number: number): Buffer {
  const random = createRandom(number * 7919 + 1);
  const person = Math.floor(random() * 500);
  const date = new Date(firstDateMs + number * minutesBetween * 60_000);
  const subject = textOf(random, 5).replace(/\r\n/g, ' ');
  const thread = number - (number % 5);
  const isReply = number !== thread;
  const head = [
    'Return-Path: <bounce@surat.test>',
    'Received: from mx.surat.test (mx.surat.test [192.0.2.7]) by mx.merpati.test with ESMTPS',
    `\tid ${number.toString(36)}; ${date.toUTCString().replace('GMT', '+0000')}`,
    `From: "Orang ${person}" <orang${person}@surat.test>`,
    `To: you@bench.test, "Lain ${person % 7}" <lain${person % 7}@surat.test>`,
    `Subject: ${isReply ? 'Re: ' : ''}kabar ${thread} ${subject}`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${number}@surat.test>`,
    ...(isReply
      ? [`In-Reply-To: <${thread}@surat.test>`, `References: <${thread}@surat.test>`]
      : []),
    'MIME-Version: 1.0',
  ];
  const rare = number % 1000 === 7 ? `\r\n${rareWord}` : '';
  const text = textOf(random, 60 + Math.floor(random() * 240)) + rare;
  const kind = number % 10;
  const lines =
    kind < 5
      ? [...head, 'Content-Type: text/plain; charset=utf-8', '', text]
      : multipart(head, { text, number, attachment: kind === 9 ? base64(random, 6000) : null });
  return Buffer.from(`${lines.join('\r\n')}\r\n`);
}

function multipart(
  head: readonly string[],
  body: { readonly text: string; readonly number: number; readonly attachment: string | null },
): string[] {
  const boundary = `batas-${body.number}`;
  const kind = body.attachment === null ? 'alternative' : 'mixed';
  const second =
    body.attachment === null
      ? ['Content-Type: text/html; charset=utf-8', '', `<p>${body.text}</p>`]
      : [
          `Content-Type: image/png; name="gambar-${body.number}.png"`,
          'Content-Transfer-Encoding: base64',
          `Content-Disposition: attachment; filename="gambar-${body.number}.png"`,
          '',
          body.attachment,
        ];
  return [
    ...head,
    `Content-Type: multipart/${kind}; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    body.text,
    `--${boundary}`,
    ...second,
    `--${boundary}--`,
  ];
}
