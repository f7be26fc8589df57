/** The message as it is sent, and what a server must be able to do to take it unchanged. */

/** `StoredBody` of the store fits. `chunks` may be called more than once. */
export interface Content {
  /** Octets. */
  readonly size: number;
  chunks(): AsyncIterable<Uint8Array>;
}

/** A message held in memory. */
export function contentOf(bytes: Uint8Array): Content {
  return {
    size: bytes.length,
    async *chunks() {
      yield bytes;
    },
  };
}

export interface ContentNeeds {
  /** Octets beyond ASCII in the header: SMTPUTF8. RFC 6531 §3.2. */
  readonly utf8Header: boolean;
  /** Octets beyond ASCII anywhere: 8BITMIME. RFC 6152 §2. */
  readonly eightBit: boolean;
  /** CR or LF by itself: BINARYMIME. RFC 3030 §3, RFC 5321 §2.3.8. */
  readonly binary: boolean;
}

/** Looks at a message while it passes; any cutting into chunks gives the same result. */
export class NeedsScanner {
  #utf8Header = false;
  #eightBit = false;
  #binary = false;
  #isHeader = true;
  #lineLength = 0;
  #afterCr = false;

  push(chunk: Uint8Array): void {
    let lineLength = this.#lineLength;
    let afterCr = this.#afterCr;
    for (let i = 0; i < chunk.length; i += 1) {
      const octet = chunk[i] as number;
      if (octet === 10) {
        if (!afterCr) this.#binary = true;
        else if (lineLength === 0) this.#isHeader = false;
        afterCr = false;
        lineLength = 0;
        continue;
      }
      if (afterCr) {
        this.#binary = true;
        lineLength += 1;
      }
      afterCr = octet === 13;
      if (afterCr) continue;
      lineLength += 1;
      if (octet > 127) {
        this.#eightBit = true;
        if (this.#isHeader) this.#utf8Header = true;
      }
    }
    this.#lineLength = lineLength;
    this.#afterCr = afterCr;
  }

  /** After the last chunk. */
  end(): ContentNeeds {
    return {
      utf8Header: this.#utf8Header,
      eightBit: this.#eightBit,
      binary: this.#binary || this.#afterCr,
    };
  }
}

export async function scanContent(content: Content): Promise<ContentNeeds> {
  const scanner = new NeedsScanner();
  for await (const chunk of content.chunks()) scanner.push(chunk);
  return scanner.end();
}
