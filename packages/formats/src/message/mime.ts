/**
 * The parts of a message and where each one lies, read in one pass over octets that come in any
 * cuts. What is kept is the tree with the heads; bodies stream through. RFC 2045, RFC 2046, RFC
 * 6532 §3.7.
 */

import { concat, copyBytes, utf8 } from '../bytes.ts';
import { decodeText } from './charset.ts';
import { decodeContent } from './content-decoder.ts';
import type { Fault } from './fault.ts';
import { noteFault } from './fault.ts';
import { HeadLines, readHead } from './head.ts';
import type { Head } from './head.ts';
import { headLimits, mimeLimits } from './limits.ts';
import { holdingOf, makePart } from './part.ts';
import type { OpenPart, Part } from './part.ts';

export type { Part } from './part.ts';

export interface MimeTree {
  readonly root: Part;
  /** Octets of the whole. */
  readonly size: number;
  /** Places are octets from the start of the message. */
  readonly faults: readonly Fault[];
}

/** Takes the body of one part as it stands in the message, still encoded, in any cuts. */
export interface PartSink {
  /** The octets are the sink's only until it returns: `copyBytes` keeps them. */
  write(chunk: Uint8Array): void;
  end(): void;
}

export interface MimeHandlers {
  /**
   * Called when the head of a part is read, outer parts first; its body lies ahead, so that
   * `bodyEnd`, `bodyLines` and what it holds are not known yet. For a part that holds no others a
   * sink may be answered.
   */
  readonly onPart?: (part: Part) => PartSink | null | undefined | void;
}

export interface MimeLimits {
  readonly headBytesMax?: number;
  readonly fieldsMax?: number;
  readonly depthMax?: number;
  readonly partsMax?: number;
}

export interface MimeReader {
  /** The octets may be reused when the call returns. */
  write(chunk: Uint8Array): void;
  end(): MimeTree;
}

/**
 * Reads a message that streams by, in memory that does not grow with it. Never throws for what it
 * reads.
 *
 * @example
 * const reader = createMimeReader({ onPart: (part) => console.log(part.path, part.type.value) });
 * for await (const chunk of chunks) reader.write(chunk);
 * const { root, faults } = reader.end();
 */
export function createMimeReader(handlers: MimeHandlers = {}, limits: MimeLimits = {}): MimeReader {
  return new TreeReader(handlers, limits);
}

/** Reads a message that lies in memory. */
export function readMime(
  bytes: Uint8Array,
  handlers: MimeHandlers = {},
  limits: MimeLimits = {},
): MimeTree {
  const reader = new TreeReader(handlers, limits);
  reader.write(bytes);
  return reader.end();
}

/** The decoded content of a part that holds no others. */
export function readContent(message: Uint8Array, part: Part, faults: Fault[] = []): Uint8Array {
  return decodeContent(message.subarray(part.bodyStart, part.bodyEnd), part.encoding, faults);
}

/** The text of a text part, decoded from its encoding and character set. */
export function readPartText(message: Uint8Array, part: Part, faults: Fault[] = []): string {
  const charset = part.type.parameters.get('charset') ?? null;
  return decodeText(readContent(message, part, faults), charset, faults);
}

// ---------------------------------------------------------------- the reader

const lf = 10;
const cr = 13;
const dash = 45;

/** Octets looked at in one go: what a second look at some of them costs at most. */
const sliceBytes = 64 * 1024;

/** Octets that are let wait before they are looked at, when they hold no line end. */
const waitBytesMin = 1024;

/** A part whose head is read and whose body is not over. */
interface Frame {
  readonly part: OpenPart;
  /** Of a multipart. */
  readonly boundary: Uint8Array | null;
  /** The boundary may still occur. */
  isOpen: boolean;
  readonly sink: PartSink | null;
  /** Line ends before the body. */
  readonly linesBefore: number;
}

/** A head of which some lines are read. */
class HeadGatherer {
  readonly start: number;
  readonly bytesMax: number;
  readonly lines: HeadLines;
  buffer = new Uint8Array(512);
  length = 0;

  constructor(start: number, bytesMax: number) {
    this.start = start;
    this.bytesMax = bytesMax;
    this.lines = new HeadLines([], { headBytesMax: bytesMax, fieldsMax: 0 });
  }

  /** Takes a line with its line end. A line beyond the limit is not kept. */
  take(line: Uint8Array): 'more' | 'end' | 'body' {
    let content = line.length;
    if (line[content - 1] === lf) content -= 1;
    while (content > 0 && line[content - 1] === cr) content -= 1;
    const start = this.length;
    const next = start + line.length;
    if (next <= this.bytesMax && !this.lines.isOver) this.#append(line);
    return this.lines.take(this.buffer, start, start + content, next);
  }

  #append(line: Uint8Array): void {
    const needed = this.length + line.length;
    if (needed > this.buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.buffer.length * 2));
      larger.set(this.buffer.subarray(0, this.length));
      this.buffer = larger;
    }
    this.buffer.set(line, this.length);
    this.length = needed;
  }

  /** The head of the first `length` octets kept, which are `size` octets in the message. */
  finish(length: number, size: number, fieldsMax: number): Head {
    const head = readHead(copyBytes(this.buffer.subarray(0, length)), {
      headBytesMax: this.bytesMax,
      fieldsMax,
    });
    if (!this.lines.isOver) return { ...head, length: size };
    const faults = head.faults.filter((fault) => fault.code !== 'head-not-closed');
    noteFault(faults, 'head-too-long', length);
    return { ...head, length: size, faults };
  }
}

class TreeReader implements MimeReader {
  readonly #handlers: MimeHandlers;
  readonly #limits: Required<MimeLimits>;
  readonly #faults: Fault[] = [];
  readonly #frames: Frame[] = [];
  #root: OpenPart | null = null;
  #tree: MimeTree | null = null;
  /** Not null while a head is read: that of a part within the last frame. */
  #head: HeadGatherer | null;
  #headBytesLeft: number = mimeLimits.headBytesTotalMax;
  #partCount = 0;
  /** Frames whose boundary may occur. */
  #openCount = 0;
  /** Line ends up to `#at`. */
  #lineEnds = 0;
  /** Octets of the line end right before the body that began last. */
  #headLineEnd = 0;

  /** Octets that wait for what comes behind them, and how many shall be there for the next look. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #lookAtBytes = 0;
  #joined: Uint8Array = new Uint8Array(0);

  /** What is looked at now: its octets, where they lie in the message, how far we are. */
  #data: Uint8Array = new Uint8Array(0);
  #base = 0;
  #at = 0;
  /** Where the octets begin that the sink has not been given. */
  #from = 0;
  #isLast = false;
  #isMidLine = false;

  constructor(handlers: MimeHandlers, limits: MimeLimits) {
    this.#handlers = handlers;
    this.#limits = {
      headBytesMax: limits.headBytesMax ?? headLimits.headBytesMax,
      fieldsMax: limits.fieldsMax ?? headLimits.fieldsMax,
      depthMax: limits.depthMax ?? mimeLimits.depthMax,
      partsMax: limits.partsMax ?? mimeLimits.partsMax,
    };
    this.#head = this.#startHead(0);
  }

  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += sliceBytes) {
      this.#writeSlice(chunk.subarray(at, at + sliceBytes));
    }
  }

  #writeSlice(slice: Uint8Array): void {
    const total = this.#waitingBytes + slice.length;
    if (total < this.#lookAtBytes && !slice.includes(lf)) {
      this.#waiting.push(copyBytes(slice));
      this.#waitingBytes = total;
      return;
    }
    const rest = this.#look(this.#waiting.length === 0 ? slice : this.#join(slice, total));
    this.#waiting = rest.length === 0 ? [] : [copyBytes(rest)];
    this.#waitingBytes = rest.length;
    // What grows in small pieces is looked at again only when it has doubled.
    this.#lookAtBytes = Math.max(waitBytesMin, rest.length * 2);
  }

  /** What waits and the slice, in octets that are used again for the next one. */
  #join(slice: Uint8Array, total: number): Uint8Array {
    if (this.#joined.length < total) this.#joined = new Uint8Array(total + sliceBytes);
    let at = 0;
    for (const waiting of this.#waiting) {
      this.#joined.set(waiting, at);
      at += waiting.length;
    }
    this.#joined.set(slice, at);
    return this.#joined.subarray(0, total);
  }

  end(): MimeTree {
    if (this.#tree !== null) return this.#tree;
    this.#isLast = true;
    this.#look(concat(this.#waiting));
    this.#waiting = [];
    const size = this.#base;
    this.#closeFrames(0, { at: size, lineEnd: 0 });
    this.#tree = { root: this.#root!, size, faults: this.#faults };
    return this.#tree;
  }

  // ------------------------------------------------------------ looking at octets

  #heldLineEnd = 0;

  /** Looks at as much as can be decided; answers what must wait. */
  #look(data: Uint8Array): Uint8Array {
    this.#data = data;
    this.#at = this.#heldLineEnd;
    this.#from = 0;
    while (this.#head === null ? this.#lookAtBody() : this.#lookAtHead());
    const used = this.#usedOctets();
    this.#giveUntil(used);
    this.#heldLineEnd = this.#at - used;
    this.#base += used;
    return this.#data.subarray(used);
  }

  #usedOctets(): number {
    if (this.#isLast || this.#head !== null || this.#isMidLine) return this.#at;
    return this.#openCount === 0 ? this.#at : this.#at - this.#lineEndBefore(this.#at);
  }

  /** Octets of the line end before `at`, as far as it lies in the body that is read. */
  #lineEndBefore(at: number): number {
    const bodyStart = Math.max(0, (this.#frames.at(-1)?.part.bodyStart ?? 0) - this.#base);
    if (at - 1 < bodyStart || this.#data[at - 1] !== lf) return 0;
    return at - 2 >= bodyStart && this.#data[at - 2] === cr ? 2 : 1;
  }

  #giveUntil(until: number): void {
    const sink = this.#head === null ? this.#frames.at(-1)?.sink : null;
    if (until > this.#from) sink?.write(this.#data.subarray(this.#from, until));
    this.#from = until;
  }

  /** Goes over lines of a body. Answers whether to go on: false when more octets are needed. */
  #lookAtBody(): boolean {
    const data = this.#data;
    const canEnd = this.#openCount > 0;
    for (;;) {
      if (this.#at >= data.length) return false;
      if (canEnd && !this.#isMidLine && data[this.#at] === dash) {
        const verdict = this.#lookAtDelimiter();
        if (verdict !== 'none') return verdict === 'found';
      }
      const end = data.indexOf(lf, this.#at);
      if (end < 0) {
        const isTorn = canEnd && !this.#isLast && data[data.length - 1] === cr;
        this.#isMidLine = true;
        this.#at = Math.max(this.#at, data.length - (isTorn ? 1 : 0));
        return false;
      }
      this.#lineEnds += 1;
      this.#isMidLine = false;
      this.#at = end + 1;
    }
  }

  /** Goes over lines of a head. Answers as `#lookAtBody`. */
  #lookAtHead(): boolean {
    const data = this.#data;
    const head = this.#head!;
    for (;;) {
      const left = data.length - this.#at;
      if (left === 0) return this.#isLast && this.#endHeadHere(head);
      const lineFeed = data.indexOf(lf, this.#at);
      if (lineFeed < 0 && !this.#isLast) return this.#waitInHead(head, left);
      const next = lineFeed < 0 ? data.length : lineFeed + 1;
      if (this.#isMidLine) {
        this.#isMidLine = false;
      } else {
        if (this.#openCount > 0 && data[this.#at] === dash) {
          const delimiter = this.#readDelimiter(this.#at, lineFeed < 0 ? next : lineFeed);
          if (delimiter !== null) return this.#endHeadHere(head);
        }
        const verdict = head.take(data.subarray(this.#at, next));
        if (verdict !== 'more') {
          this.#lineEnds += lineFeed < 0 ? 0 : 1;
          this.#headLineEnd = lineEndOf(data.subarray(this.#at, next));
          this.#at = next;
          const length = verdict === 'body' ? head.lines.bodyStart : head.length;
          return this.#finishHead(head, length);
        }
      }
      this.#lineEnds += lineFeed < 0 ? 0 : 1;
      this.#at = next;
    }
  }

  /** A line of a head is not whole. If it can be nothing that counts, the rest of it is skipped. */
  #waitInHead(head: HeadGatherer, left: number): false {
    const isTooLong =
      left > mimeLimits.delimiterBytesMax &&
      (head.lines.isOver || head.length + left > head.bytesMax);
    if (this.#isMidLine) this.#at = this.#data.length;
    else if (isTooLong) {
      head.take(this.#data.subarray(this.#at));
      this.#isMidLine = true;
      this.#at = this.#data.length;
    }
    return false;
  }

  /** The head ends without an empty line: at a delimiter or at the end of the message. */
  #endHeadHere(head: HeadGatherer): true {
    if (head.lines.isOver) this.#headLineEnd = 0;
    else if (head.length > 0) {
      this.#headLineEnd = lineEndOf(head.buffer.subarray(0, head.length));
    }
    return this.#finishHead(head, head.lines.finishAt(head.length));
  }

  /**
   * The head is the first `length` octets kept; what was taken behind them belongs to the body
   * and is looked at once more.
   */
  #finishHead(head: HeadGatherer, length: number): true {
    if (length < head.length && !head.lines.isOver) {
      const again = copyBytes(head.buffer.subarray(length, head.length));
      for (const octet of again) if (octet === lf) this.#lineEnds -= 1;
      this.#base += this.#at - again.length;
      this.#data = concat([again, this.#data.subarray(this.#at)]);
      this.#at = 0;
    }
    this.#isMidLine = false;
    this.#from = this.#at;
    const size = this.#base + this.#at - head.start;
    this.#headBytesLeft -= length;
    this.#head = null;
    this.#addPart(head.finish(length, size, this.#limits.fieldsMax), head.start);
    return true;
  }

  // ------------------------------------------------------------ delimiters

  #lookAtDelimiter(): 'found' | 'none' | 'wait' {
    const data = this.#data;
    const at = this.#at;
    const left = data.length - at;
    if (left === 1) return this.#isLast ? 'none' : 'wait';
    if (data[at + 1] !== dash) return 'none';
    const lineFeed = data.indexOf(lf, at);
    if (lineFeed < 0 && !this.#isLast) {
      return left <= mimeLimits.delimiterBytesMax ? 'wait' : 'none';
    }
    const end = lineFeed < 0 ? data.length : lineFeed;
    const delimiter = this.#readDelimiter(at, end);
    if (delimiter === null) return 'none';
    const lineEnd = this.#lineEndBefore(at);
    this.#giveUntil(at - lineEnd);
    // Where a body has not begun, the line end is that of its head, and still the delimiter's.
    const isFresh = this.#base + at === this.#frames.at(-1)?.part.bodyStart;
    this.#closeFrames(delimiter.frame + 1, {
      at: this.#base + at,
      lineEnd: isFresh ? this.#headLineEnd : lineEnd,
    });
    this.#at = lineFeed < 0 ? data.length : lineFeed + 1;
    this.#from = this.#at;
    this.#lineEnds += lineFeed < 0 ? 0 : 1;
    this.#passDelimiter(this.#frames[delimiter.frame]!, delimiter.isLast);
    return 'found';
  }

  /**
   * Is the line `[start, end)` a delimiter of an open multipart, innermost first? RFC 2046
   * §5.1.1: only white space may follow. QUIRK: RFC 2046 also lets a reader compare just the
   * beginning of the line; with that, text beginning with the boundary, as in "--also", ends
   * parts that senders did not end.
   */
  #readDelimiter(start: number, end: number): { frame: number; isLast: boolean } | null {
    const data = this.#data;
    if (end - start > mimeLimits.delimiterBytesMax || data[start + 1] !== dash) return null;
    let until = end;
    while (until > start && isBlank(data[until - 1]!)) until -= 1;
    for (let frame = this.#frames.length - 1; frame >= 0; frame -= 1) {
      const { boundary, isOpen } = this.#frames[frame]!;
      if (boundary === null || !isOpen) continue;
      const rest = until - start - 2 - boundary.length;
      if (rest !== 0 && rest !== 2) continue;
      if (!startsWith(data, start + 2, boundary)) continue;
      if (rest === 0) return { frame, isLast: false };
      if (data[until - 1] === dash && data[until - 2] === dash) return { frame, isLast: true };
    }
    return null;
  }

  #passDelimiter(frame: Frame, isLast: boolean): void {
    if (isLast) {
      frame.isOpen = false;
      this.#openCount -= 1;
    } else if (this.#partCount >= this.#limits.partsMax) {
      noteFault(this.#faults, 'parts-too-many', this.#base + this.#at);
    } else this.#head = this.#startHead(this.#base + this.#at);
  }

  // ------------------------------------------------------------ parts

  #startHead(start: number): HeadGatherer {
    this.#partCount += 1;
    return new HeadGatherer(start, Math.min(this.#limits.headBytesMax, this.#headBytesLeft));
  }

  #addPart(head: Head, headStart: number): void {
    const parent = this.#frames.at(-1)?.part ?? null;
    for (const fault of head.faults) noteFault(this.#faults, fault.code, headStart + fault.at);
    const part = makePart(head, { parent, headStart }, this.#faults);
    if (parent === null) this.#root = part;
    else if (parent.type.type === 'multipart') parent.parts.push(part);
    else parent.message = part;
    const holding = this.#holdingOf(part);
    const boundary = holding.kind === 'parts' ? utf8(holding.boundary) : null;
    const sink = this.#handlers.onPart?.(part) ?? null;
    this.#frames.push({
      part,
      boundary,
      isOpen: boundary !== null,
      sink: holding.kind === 'content' ? sink : null,
      linesBefore: this.#lineEnds,
    });
    if (boundary !== null) this.#openCount += 1;
    if (holding.kind === 'message') this.#head = this.#startHead(part.bodyStart);
  }

  #holdingOf(part: OpenPart): ReturnType<typeof holdingOf> {
    const holding = holdingOf(part);
    if (holding.kind === 'content') return holding;
    const isDeep = this.#frames.length >= this.#limits.depthMax;
    if (!isDeep && this.#partCount < this.#limits.partsMax) return holding;
    noteFault(this.#faults, isDeep ? 'depth-too-deep' : 'parts-too-many', part.headStart);
    return { kind: 'content' };
  }

  /**
   * Ends all frames from `first` on before the delimiter at `at`, to which the line end before it
   * belongs (RFC 2046 §5.1.1): a part may end within its head, and keeps within what encloses it.
   */
  #closeFrames(first: number, { at, lineEnd }: { at: number; lineEnd: number }): void {
    const end = at - lineEnd;
    const lineEnds = this.#lineEnds - (lineEnd > 0 ? 1 : 0);
    let isWithin = false;
    for (const { part, linesBefore } of this.#frames.slice(first)) {
      if (isWithin && part.bodyStart > end) {
        part.head = { ...part.head, length: Math.max(0, end - part.headStart) };
        part.headStart = Math.min(part.headStart, end);
        part.bodyStart = end;
      }
      part.bodyEnd = Math.max(end, part.bodyStart);
      part.bodyLines = Math.max(0, lineEnds - linesBefore);
      isWithin ||= part.bodyStart <= end;
    }
    while (this.#frames.length > first) this.#endFrame(this.#frames.pop()!);
  }

  #endFrame({ part, boundary, isOpen, sink }: Frame): void {
    sink?.end();
    if (boundary !== null && part.parts.length === 0) {
      noteFault(this.#faults, 'multipart-empty', part.headStart);
    } else if (isOpen) noteFault(this.#faults, 'multipart-not-closed', part.headStart);
    if (isOpen) this.#openCount -= 1;
  }
}

/** Octets of the line end that these end with. */
function lineEndOf(octets: Uint8Array): number {
  if (octets.at(-1) !== lf) return 0;
  return octets.at(-2) === cr ? 2 : 1;
}

function isBlank(octet: number): boolean {
  return octet === 32 || octet === 9 || octet === cr;
}

function startsWith(data: Uint8Array, at: number, pattern: Uint8Array): boolean {
  for (let index = 0; index < pattern.length; index += 1) {
    if (data[at + index] !== pattern[index]) return false;
  }
  return true;
}
