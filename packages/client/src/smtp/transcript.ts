/**
 * What was said, for people to read in the journey: bounded, never a secret and never a body. The
 * beginning and the end are kept; what does not fit is counted.
 */

import { writeReply, type Reply } from '@merpati/formats/smtp/reply.ts';

export interface TranscriptLine {
  readonly dir: 'in' | 'out';
  readonly tls: boolean;
  /** µs after the first line. */
  readonly afterUs: number;
  readonly text: string;
}

export const transcriptLimits = {
  /** Characters of all lines together, for one attempt. */
  charactersMax: 4096,
  /** Of these for the last lines, which hold the verdict. */
  tailCharacters: 1200,
  lineCharactersMax: 400,
} as const;

export class Transcript {
  /** Set when TLS begins. */
  isTls = false;
  readonly #nowUs: () => number;
  #startedUs = 0;
  #head: TranscriptLine[] = [];
  #tail: TranscriptLine[] = [];
  #headSize = 0;
  #tailSize = 0;
  #leftOut = 0;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  out(text: string): void {
    this.#add('out', text);
  }

  in(reply: Reply): void {
    if (reply.lines.length === 1) return this.#add('in', writeReply(reply).trimEnd());
    for (const line of writeReply(reply).trimEnd().split('\r\n')) this.#add('in', line);
  }

  /** What happened between lines. */
  note(text: string): void {
    this.#add('in', text);
  }

  /** The lines since the last time, and a fresh start. */
  take(): TranscriptLine[] {
    const gap = this.#tail[0];
    const lines =
      this.#leftOut === 0 || gap === undefined
        ? [...this.#head, ...this.#tail]
        : [...this.#head, { ...gap, text: `(${this.#leftOut} lines left out)` }, ...this.#tail];
    this.#head = [];
    this.#tail = [];
    this.#headSize = 0;
    this.#tailSize = 0;
    this.#leftOut = 0;
    return lines;
  }

  #add(dir: 'in' | 'out', given: string): void {
    const { charactersMax, tailCharacters, lineCharactersMax } = transcriptLimits;
    const isLong = given.length > lineCharactersMax;
    const text = isLong ? `${given.slice(0, lineCharactersMax)}…` : given;
    const nowUs = this.#nowUs();
    if (this.#head.length === 0) this.#startedUs = nowUs;
    const line = { dir, tls: this.isTls, afterUs: nowUs - this.#startedUs, text };
    if (this.#tail.length === 0 && this.#headSize + text.length < charactersMax - tailCharacters) {
      this.#head.push(line);
      this.#headSize += text.length;
      return;
    }
    this.#tail.push(line);
    this.#tailSize += text.length;
    while (this.#tailSize > tailCharacters) {
      this.#tailSize -= this.#tail.shift()?.text.length ?? 0;
      this.#leftOut += 1;
    }
  }
}
