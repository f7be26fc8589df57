/**
 * The base subject: what is left of a subject without `Re:`, `Fwd:`, `[list]` and their like, by
 * which SORT orders and THREAD gathers. RFC 5256 §2.1, §5 (grammar).
 */

export interface BaseSubject {
  /** May be empty. Not folded for comparison: see collation.ts. */
  readonly text: string;
  /** A `Re:`, `Fwd:`, `(fwd)` or `[fwd: …]` was taken away. RFC 5256 §2.1. */
  readonly isReplyOrForward: boolean;
}

/**
 * Takes a subject whose encoded words are decoded already. One pass over the text, whatever it
 * looks like.
 *
 * QUIRK: of the prefixes in other languages (AW:, SV:, Bls:, …) none counts, as the RFC has it and
 * every server does; clients that sort by themselves get the same order.
 *
 * @example
 * readBaseSubject('Re: [tim] Fwd:  rapat   besok (fwd)');
 * // { text: 'rapat besok', isReplyOrForward: true }
 */
export function readBaseSubject(subject: string): BaseSubject {
  // Step 1.
  return new SubjectReader(subject.replace(/[\t\r\n ]+/gu, ' ')).read();
}

const space = 32;
const open = 91; // [
const close = 93; // ]
const colon = 58;

/** What is left is `[start, end)` of the text. The numbers of the steps are the RFC's. */
class SubjectReader {
  readonly #text: string;
  #start = 0;
  #end: number;
  #isReplyOrForward = false;

  constructor(text: string) {
    this.#text = text;
    this.#end = text.length;
  }

  read(): BaseSubject {
    do {
      this.#dropTrailers();
      while (this.#dropLeader());
      this.#dropBlobs();
    } while (this.#unwrapForward());
    return {
      text: this.#text.slice(this.#start, this.#end),
      isReplyOrForward: this.#isReplyOrForward,
    };
  }

  /** Step 2: `subj-trailer`. */
  #dropTrailers(): void {
    for (;;) {
      if (this.#end > this.#start && this.#text.charCodeAt(this.#end - 1) === space) this.#end -= 1;
      else if (this.#end - this.#start >= 5 && this.#isAt(this.#end - 5, '(fwd)')) {
        this.#end -= 5;
        this.#isReplyOrForward = true;
      } else return;
    }
  }

  /** Step 3: `subj-leader`. */
  #dropLeader(): boolean {
    this.#start = this.#skipSpaces(this.#start);
    const end = this.#endOfReply(this.#endOfBlobs());
    if (end < 0) return false;
    this.#start = end;
    this.#isReplyOrForward = true;
    return true;
  }

  /**
   * Step 4: `subj-blob`, unless nothing would be left. A blob that goes makes no new leader appear
   * (that is behind all blobs, and was looked for there), so they go all at once.
   */
  #dropBlobs(): void {
    let at = this.#start;
    for (let next = this.#endOfBlob(at); next >= 0 && next < this.#end;) {
      at = next;
      next = this.#endOfBlob(at);
    }
    this.#start = at;
  }

  /** Step 6: `subj-fwd`. */
  #unwrapForward(): boolean {
    const isWrapped =
      this.#end - this.#start >= 6 &&
      this.#text.charCodeAt(this.#end - 1) === close &&
      this.#isAt(this.#start, '[fwd:');
    if (!isWrapped) return false;
    this.#start += 5;
    this.#end -= 1;
    this.#isReplyOrForward = true;
    return true;
  }

  #endOfBlobs(): number {
    let at = this.#start;
    for (let next = this.#endOfBlob(at); next >= 0; next = this.#endOfBlob(at)) at = next;
    return at;
  }

  /** Where the blob at `at` ends with the spaces behind it; -1 when none is there. */
  #endOfBlob(at: number): number {
    if (at >= this.#end || this.#text.charCodeAt(at) !== open) return -1;
    for (let end = at + 1; end < this.#end; end += 1) {
      const code = this.#text.charCodeAt(end);
      if (code === open) return -1;
      if (code === close) return this.#skipSpaces(end + 1);
    }
    return -1;
  }

  /** Where the `subj-refwd` at `at` ends; -1 when none is there. */
  #endOfReply(at: number): number {
    let end = at;
    if (this.#isAt(at, 're')) end = at + 2;
    else if (this.#isAt(at, 'fwd')) end = at + 3;
    else if (this.#isAt(at, 'fw')) end = at + 2;
    else return -1;
    end = this.#skipSpaces(end);
    const blob = this.#endOfBlob(end);
    if (blob >= 0) end = blob;
    return end < this.#end && this.#text.charCodeAt(end) === colon ? end + 1 : -1;
  }

  #skipSpaces(from: number): number {
    let at = from;
    while (at < this.#end && this.#text.charCodeAt(at) === space) at += 1;
    return at;
  }

  #isAt(at: number, word: string): boolean {
    return (
      at + word.length <= this.#end && this.#text.slice(at, at + word.length).toLowerCase() === word
    );
  }
}
