import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Transcript, transcriptLimits } from './transcript.ts';

test('beginning and end are kept, the middle is counted', () => {
  let us = 5000;
  const transcript = new Transcript(() => (us += 10));
  for (let i = 0; i < 1000; i += 1) {
    transcript.out(`RCPT TO:<somebody-${i}@mx.test>`);
    transcript.in({ code: 250, enhanced: '2.1.5', lines: ['Ok'] });
  }
  transcript.in({ code: 554, enhanced: '5.6.0', lines: ['no', 'x'.repeat(9000)] });
  const lines = transcript.take();
  const characters = lines.reduce((sum, { text }) => sum + text.length, 0);
  assert.ok(characters <= transcriptLimits.charactersMax, `${characters}`);
  assert.equal(lines[0]?.afterUs, 0);
  assert.equal(lines[0]?.text, 'RCPT TO:<somebody-0@mx.test>');
  assert.equal(lines.at(-2)?.text, '554-5.6.0 no');
  assert.ok(lines.some(({ text }) => /^\([0-9]{4} lines left out\)$/.test(text)));
  assert.deepEqual(transcript.take(), []);
});
