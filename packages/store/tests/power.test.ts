/**
 * Power cuts: a file system of its own is shut down under load without flushing anything, mounted
 * again, and everything that was answered is there. This is what kill -9 cannot show.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openStore } from '../src/sqlite/open.ts';
import { runLoader } from './loader-process.ts';
import { leaveUndone } from '../../../tests/programs.ts';
import { LoopDisk, whyNoDisk, type FileSystem } from './loop-disk.ts';
import { forgetAfter, verify, type Known } from './workload.ts';

const rounds = Number(process.env['TEST_POWER_ROUNDS'] ?? 20);

async function cutAgainAndAgain(context: TestContext, kind: FileSystem, count: number) {
  const reason = whyNoDisk(kind);
  if (reason !== null) {
    leaveUndone(context, reason);
    return;
  }
  await using disk = await LoopDisk.create(kind, 512 * 1024 * 1024);
  const directory = join(disk.directory, 'store');
  const known = new Map<number, Known>();
  for (let done = 0; done < count; done += 1) {
    const power: { cut?: Promise<bigint> } = {};
    await runLoader(directory, known, {
      onReady: (kill) => {
        setTimeout(
          () => {
            power.cut = disk.cutPower().finally(kill);
          },
          randomInt(50, 500),
        );
      },
      mayFail: true, // it sees the disk go before it is killed
    });
    assert.ok(power.cut, 'it was ready before the power went');
    forgetAfter(known, await power.cut);
    await disk.unmount();
    await disk.mount();
    const store = await openStore({ directory, reserveBytes: 0 });
    try {
      // Everything is read anew each time: what was sound may have been torn since.
      const verified = await verify(store, known, new Set());
      assert.deepEqual(verified.problems, [], `round ${done}`);
      assert.deepEqual((await store.check({ deep: true })).findings, [], `round ${done}`);
    } finally {
      await store.close();
    }
  }
  const answered = [...known.values()].filter((each) => each.state !== 'begun').length;
  context.diagnostic(`${kind}: ${answered} answered in ${count} power cuts, 0 lost`);
  assert.ok(answered > count, 'there was a load');
}

test('power cuts on ext4', { timeout: 300_000 }, (context) =>
  cutAgainAndAgain(context, 'ext4', rounds),
);

test('power cuts on xfs', { timeout: 300_000 }, (context) =>
  cutAgainAndAgain(context, 'xfs', Math.ceil(rounds / 3)),
);
