/**
 * Fuzzing in every state of a connection: a transcript is played to a random place, and then
 * something else is said, made of lines of all transcripts and damaged. Whatever that is, the
 * server answers the next client as ever, and the counter of our own faults stays at nought.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, mutate } from './fuzz/mutate.ts';
import type { Random } from './fuzz/mutate.ts';
import { readTranscriptLines } from './fuzz/targets.ts';
import { listFiles, readText } from './tidy/tree.ts';
import { readTranscript } from './transcripts/format.ts';
import type { Transcript } from './transcripts/format.ts';
import { MerpatiWorld } from './transcripts/merpati-world.ts';
import { Play, playTranscript } from './transcripts/play.ts';

const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 2 ** 31);
const rounds = Number(process.env['TEST_SESSION_FUZZ_ROUNDS'] ?? 400);
const sessionsAtOnce = 8;

const transcripts = listFiles(/^tests\/transcripts\/.*\.txt$/).map((path) =>
  readTranscript(path, readText(path)),
);

test(`${rounds} sessions gone astray, TEST_SEED=${seed}`, async () => {
  const corpus = {
    seeds: readTranscriptLines().map((line) => Buffer.concat([line, Buffer.from('\r\n')])),
    bytesMax: 20_000,
  };
  const random = createRandom(seed);
  await using world = new MerpatiWorld();
  const ports = await world.open(['plain.eml', 'dots.eml']);
  for (let round = 0; round < rounds; round += sessionsAtOnce) {
    const astray = Array.from({ length: sessionsAtOnce }, async () => {
      const transcript = pick(transcripts, random);
      await goAstray(transcript, ports[transcript.service], {
        at: random.below(10_000),
        says: Array.from({ length: 1 + random.below(4) }, () => mutate(corpus, random)),
      });
    });
    await Promise.all(astray);
  }
  for (const path of ['smtp/first-message', 'submission/starttls-auth', 'imap/starttls']) {
    const transcript = transcripts.find((one) => one.path.endsWith(`${path}.txt`));
    assert.ok(transcript);
    await playTranscript(transcript, 'merpati', ports[transcript.service]);
  }
});

async function goAstray(
  transcript: Transcript,
  port: number,
  plan: { readonly at: number; readonly says: readonly Uint8Array[] },
): Promise<void> {
  using play = new Play(transcript, 'merpati', port);
  const end = plan.at % play.length;
  try {
    for (let index = 0; index < end; index += 1) await play.step(index);
  } catch {
    // Others are in the same world and change it under this one: that is part of it.
  }
  const connection = await play.connectionAt(end).catch(() => null);
  for (const bytes of plan.says) {
    connection?.send(bytes);
    await connection?.settled(20);
  }
}

function pick<T>(list: readonly T[], random: Random): T {
  const item = list[random.below(list.length)];
  assert.ok(item);
  return item;
}
