/** Debian's OpenDKIM as a peer: it verifies messages by keys that are given to it in a file. */

import { writeFileSync } from 'node:fs';
import { findProgram } from '../programs.ts';
import { Folder, runProgram } from './machine.ts';

/** Of many one after the other; a command line has only so much room. */
const messagesAtOnce = 50;

export interface OpenDkimVerdict {
  /** Its Authentication-Results, unfolded: `dkim=pass … header.d=…; …`; '' of unsigned mail. */
  readonly results: string;
  /** Its one line of summary. */
  readonly summary: string;
}

/** `keys` leads from `selector._domainkey.domain` to the TXT record. */
export async function askOpenDkim(
  messages: readonly Uint8Array[],
  keys: ReadonlyMap<string, string>,
): Promise<readonly OpenDkimVerdict[]> {
  using folder = new Folder('opendkim');
  const lines = [...keys].map(([name, record]) => `${name} ${record}\n`);
  writeFileSync(folder.file('keys'), lines.join(''));
  const settings = ['Mode v', 'MinimumKeyBits 1024', `TestDNSData file:${folder.file('keys')}`];
  writeFileSync(folder.file('opendkim.conf'), `${settings.join('\n')}\n`);
  const verdicts: OpenDkimVerdict[] = [];
  for (let at = 0; at < messages.length; at += messagesAtOnce) {
    const files = messages.slice(at, at + messagesAtOnce).map((message, index) => {
      const file = folder.file(`${at + index}.eml`);
      writeFileSync(file, withLineEnd(message));
      return file;
    });
    verdicts.push(...(await verify(folder, files)));
  }
  return verdicts;
}

async function verify(folder: Folder, files: readonly string[]): Promise<OpenDkimVerdict[]> {
  const program = findProgram('opendkim') ?? 'opendkim';
  const options = ['-x', folder.file('opendkim.conf'), '-vv', '-t', files.join(',')];
  const { stdout } = await runProgram(program, options);
  const verdicts: OpenDkimVerdict[] = [];
  let results = '';
  for (const line of stdout.replaceAll(/\n\t/gu, ' ').split('\n')) {
    const [, value] = /^### INSHEADER: .*?hvalue='(.*)'$/u.exec(line) ?? [];
    if (value !== undefined) results = value;
    const [, summary] = /^opendkim: \S+?\.eml: (.*)$/u.exec(line) ?? [];
    if (summary === undefined) continue;
    verdicts.push({ results, summary });
    results = '';
  }
  if (verdicts.length !== files.length) throw new Error(`OpenDKIM was not done: ${stdout}`);
  return verdicts;
}

/** SMTP has no message without it, and the program's reader of files drops such a one. */
function withLineEnd(message: Uint8Array): Uint8Array {
  return message.at(-1) === 10 ? message : Buffer.concat([message, Buffer.from('\r\n')]);
}
