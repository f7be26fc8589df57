/** Plays every transcript against every server that it is written for. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { requireProgram, whyMissing } from './programs.ts';
import type { Program } from './programs.ts';
import { listFiles, readText } from './tidy/tree.ts';
import { fillTemplate, matchLine, peers, readTranscript } from './transcripts/format.ts';
import type { PeerName } from './transcripts/format.ts';
import { playTranscript } from './transcripts/play.ts';
import type { World } from './transcripts/world.ts';
import { startWorld } from './transcripts/worlds.ts';

const transcripts = listFiles(/^tests\/transcripts\/.*\.txt$/).map((path) =>
  readTranscript(path, readText(path)),
);

const needs: Readonly<Record<PeerName, readonly Program[]>> = {
  merpati: [],
  postfix: ['root', 'postfix', 'openssl'],
  dovecot: ['root', 'dovecot-pop3', 'dovecot-imap', 'dovecot-submission', 'postfix', 'openssl'],
};

for (const peer of peers) {
  describe(`transcripts against ${peer}`, () => {
    let world: World | undefined;
    const own = transcripts.filter((transcript) => transcript.peers.includes(peer));

    before(async () => {
      if (needs[peer].every((program) => whyMissing(program) === null)) {
        world = await startWorld(peer);
      }
    });
    after(async () => {
      await world?.[Symbol.asyncDispose]();
    });

    for (const transcript of own) {
      test(`${transcript.path}: ${transcript.title}`, async (t) => {
        if (!requireProgram(t, ...needs[peer]) || world === undefined) return;
        await playTranscript(transcript, peer, await world.prepare(transcript));
        await world.check();
      });
    }
  });
}

describe('the format', () => {
  const head = '# RFC 5321\nservice: smtp\npeers: merpati\n\n';

  test('a transcript that is not understood is not passed over', () => {
    assert.throws(() => readTranscript('x', `${head}X: a\n`), /x:5: not understood/);
    assert.throws(() => readTranscript('x', `${head}C dances\n`), /not understood/);
    assert.throws(() => readTranscript('x', `${head}S: {\n`), /no end/);
    assert.throws(() => readTranscript('x', head), /nothing is said/);
    assert.throws(() => readTranscript('x', 'service: smtp\npeers: merpati\n\nC: a\n'), /RFC/);
    assert.throws(() => readTranscript('x', head.replace('merpati', 'sendmail')), /peers/);
  });

  test('lines for one peer concern no other', () => {
    const text = `${head}C: a\nS (postfix): b\nS (merpati, dovecot): c\n`;
    const steps = readTranscript('x', text).steps('postfix');
    assert.deepEqual(
      steps.map(({ line }) => line),
      [5, 6],
    );
  });

  test('patterns', () => {
    const captures = new Map<string, string>();
    assert.ok(matchLine('250 … {id}', '250 2.0.0 Ok: q7f3', captures));
    assert.equal(captures.get('id'), 'q7f3');
    assert.ok(matchLine('+OK {id} {{x}', '+OK q7f3 {x}', captures));
    assert.ok(!matchLine('+OK {id}', '+OK other', captures));
    assert.ok(!matchLine('250 a.c', '250 abc', captures));
    assert.ok(!matchLine('250', '250 more', captures));
  });

  test('what the client sends', () => {
    const captures = new Map([['uid', '7']]);
    const fill = (text: string, isRaw = false): string =>
      Buffer.from(fillTemplate({ text, isRaw }, captures)).toString('latin1');
    assert.equal(fill('DELE {uid}'), 'DELE 7\r\n');
    assert.equal(fill('AUTH PLAIN {base64 \\0a\\0b}'), 'AUTH PLAIN AGEAYg==\r\n');
    assert.equal(fill('{repeat 3 ab}{{'), 'ababab{\r\n');
    assert.equal(fill('a\\n\\x80\\\\', true), 'a\n\x80\\');
    assert.throws(() => fill('{nobody}'), /not captured/);
  });
});
