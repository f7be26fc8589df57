/**
 * Our signatures, verified by dkimpy: what another server got from us by SMTP, with the keys as the
 * domain publishes them. RFC 6376, RFC 8463.
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { RecordData } from '../../packages/formats/src/dns/message.ts';
import { letter, readyHome } from '../../packages/server/src/testing/signing-home.ts';
import { Folder, mustRun } from '../peers/machine.ts';
import { requireProgram } from '../programs.ts';

/** Debian's Python, for which the module is made; prints one verdict for each signature. */
const python = '/usr/bin/python3';
const code = `
import dkim, json, sys
names = json.load(open(sys.argv[1]))
message = open(sys.argv[2], 'rb').read()
def answer(name, timeout=5):
    found = names.get(name.decode().rstrip('.'))
    return None if found is None else found.encode()
check = dkim.DKIM(message)
count = sum(1 for name, value in check.headers if name.lower() == b'dkim-signature')
for i in range(count):
    try:
        print('pass' if check.verify(idx=i, dnsfunc=answer) else 'fail', check.domain.decode())
    except dkim.DKIMException as error:
        print('error', error)
`;

function textsOf(zone: ReadonlyMap<string, readonly RecordData[]>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, records] of zone) {
    for (const one of records) {
      if (one.type === 'TXT') texts[name] = Buffer.concat(one.strings).toString('latin1');
    }
  }
  return texts;
}

const mime = [
  'MIME-Version: 1.0',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: 8bit',
  'References: <a@b.test>\r\n\t<c@d.test>',
  'List-Unsubscribe: <mailto:stop@merpati.test>',
].join('\r\n');

const letters: readonly (readonly [what: string, text: string | Buffer])[] = [
  ['plain', letter],
  ['without a body', letter.slice(0, letter.indexOf('\r\n\r\n') + 4)],
  ['8 bit', Buffer.from(`${mime}\r\n${letter}Größe \u{1f426}\t \r\n\r\n.\r\n..\r\n \t\r\n\r\n`)],
  ['folded and spaced', letter.replace('Subject: hi', 'Subject:\r\n \t hi   there \t ')],
  ['two of a kind', `Comments: a\r\nComments: b\r\nCc: a@b.test\r\n${letter}`],
  ['large', letter + `${'kata '.repeat(15)}\r\n`.repeat(20_000)],
];

test('dkimpy believes both signatures, and sees what was changed', async (t) => {
  if (!requireProgram(t, 'dkimpy')) return;
  await using scene = await readyHome();
  using folder = new Folder('dkimpy');
  const names = folder.file('names.json');
  writeFileSync(names, JSON.stringify(textsOf(scene.zone)));
  const verdicts = async (message: Buffer): Promise<string[]> => {
    const file = folder.file('message.eml');
    writeFileSync(file, message);
    const { stdout } = await mustRun(python, ['-c', code, names, file]);
    return stdout.trim().split('\n');
  };
  for (const [what, text] of letters) {
    const { got } = await scene.send(text, { body: '8BITMIME' });
    assert.deepEqual(await verdicts(got), ['pass merpati.test', 'pass merpati.test'], what);
    const more = Buffer.concat([got, Buffer.from('ps\r\n')]);
    assert.ok(!(await verdicts(more)).some((one) => one.startsWith('pass')), what);
  }
});
