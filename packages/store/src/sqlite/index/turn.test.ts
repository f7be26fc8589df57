import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IndexTurn } from './turn.ts';

/** Groups of that length with pauses in between, for a second; answers when the last one ended. */
function work(turn: IndexTurn, groupMs: number, pauseMs: number): number {
  let nowMs = 1000;
  while (nowMs < 2000) {
    turn.groupEnded(nowMs, nowMs + groupMs);
    nowMs += groupMs + pauseMs;
  }
  return nowMs - pauseMs;
}

test('an idle writer takes the index at once', () => {
  assert.equal(new IndexTurn().waitMs(5000, 5000), 0);
});

test('with time to spare it waits for a breath only', () => {
  const turn = new IndexTurn();
  const endedMs = work(turn, 8, 40);
  assert.equal(turn.waitMs(endedMs, endedMs), 3);
  assert.equal(turn.waitMs(endedMs, endedMs + 3), 0);
});

test('under load it waits until it is really quiet, and at most half a second', () => {
  const turn = new IndexTurn();
  const endedMs = work(turn, 6, 4);
  assert.equal(turn.waitMs(endedMs, endedMs + 4), 26);
  assert.equal(turn.waitMs(endedMs, endedMs + 30), 0);
  assert.equal(turn.waitMs(endedMs - 490, endedMs), 10);
  assert.ok(!turn.isDue(endedMs - 490, endedMs));
  assert.ok(turn.isDue(endedMs - 500, endedMs));
  assert.equal(turn.waitMs(endedMs + 400, endedMs + 400), 0, 'the load is over');
});
