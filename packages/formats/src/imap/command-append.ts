/**
 * APPEND and REPLACE a piece at a time, so that messages are streamed and never collected. RFC 9051
 * §6.3.12; RFC 3502 (MULTIAPPEND); RFC 4469 (CATENATE); RFC 3516 §4.4; RFC 6855 §4 (UTF8); RFC 8508
 * (REPLACE).
 */

import type { CommandOf, CommandOptions, CommandParts } from './command.ts';
import type { LiteralMarker } from './literal.ts';
import type { FlagList } from './search-key.ts';

/** What comes next in the command, in order. */
export type AppendStep =
  /** A message begins. */
  | {
      readonly step: 'message';
      readonly flags: FlagList;
      /** Milliseconds since 1970; null: now. */
      readonly internalDateMs: number | null;
      /** `utf8`: announced as one with UTF-8 in its head. `catenate`: made of parts. */
      readonly form: 'plain' | 'utf8' | 'catenate';
    }
  /** CATENATE: here goes what the URL names. */
  | { readonly step: 'url'; readonly url: string }
  /** Read this many octets into the message; then `readAppendNext`. Always the last of its list. */
  | { readonly step: 'data'; readonly literal: LiteralMarker }
  | { readonly step: 'message-end' }
  /** The command is complete. Always the last of its list. */
  | { readonly step: 'end' };

/** Where in the command the reader is: to be given back as it came. */
export interface AppendPlace {
  readonly messages: number;
  /** Parts of the CATENATE that is open; null: none is. */
  readonly catenateParts: number | null;
  readonly isReplace: boolean;
  readonly form: 'plain' | 'utf8' | 'catenate';
}

export interface AppendStart {
  readonly command: CommandOf<'append' | 'replace'>;
  readonly steps: readonly AppendStep[];
  readonly place: AppendPlace;
}

export interface AppendNext {
  readonly steps: readonly AppendStep[];
  readonly place: AppendPlace;
}
