/**
 * What FETCH can be asked for. RFC 9051 §6.4.5; RFC 3501 §6.4.5 (RFC822 names); RFC 3516 (BINARY);
 * RFC 7162 §3.1.4 (MODSEQ); RFC 8474 §5 (EMAILID, THREADID); RFC 8514 §4 (SAVEDATE); RFC 8970 §3
 * (PREVIEW). The macros ALL, FAST and FULL are read as the items that they stand for.
 */

/** `first` octets are skipped, then at most `count` are given: `<first.count>`. */
export interface FetchPartial {
  readonly first: number;
  /** 1 … 2^32 - 1. */
  readonly count: number;
}

/** What is inside the brackets of `BODY[…]`. RFC 9051 §6.4.5.1. */
export interface Section {
  /** Empty: the message itself. */
  readonly part: readonly number[];
  /** null: all of the part, with its head when `part` is empty. `mime` only of a part. */
  readonly text: null | 'header' | 'header.fields' | 'header.fields.not' | 'text' | 'mime';
  /** As sent, for `header.fields` and `header.fields.not`; otherwise empty. */
  readonly fields: readonly string[];
}

export type PlainItem =
  | 'body'
  | 'bodystructure'
  | 'emailid'
  | 'envelope'
  | 'flags'
  | 'internaldate'
  | 'modseq'
  | 'rfc822.size'
  | 'savedate'
  | 'threadid'
  | 'uid';

export type FetchItem =
  /** `body` is BODY without brackets: the structure without extension data. */
  | { readonly item: PlainItem }
  | { readonly item: 'preview'; readonly lazy: boolean }
  | {
      readonly item: 'section';
      readonly section: Section;
      /** Does not set `\Seen`. */
      readonly peek: boolean;
      readonly partial: FetchPartial | null;
      /**
       * Asked for by a name of RFC 3501, and answered by it: RFC822 is `BODY[]`, RFC822.HEADER is
       * `BODY.PEEK[HEADER]`, RFC822.TEXT is `BODY[TEXT]`.
       */
      readonly oldName: null | 'RFC822' | 'RFC822.HEADER' | 'RFC822.TEXT';
    }
  | {
      readonly item: 'binary';
      readonly part: readonly number[];
      readonly peek: boolean;
      readonly partial: FetchPartial | null;
    }
  | { readonly item: 'binary.size'; readonly part: readonly number[] };
