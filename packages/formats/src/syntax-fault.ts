/**
 * The one error that readers and writers of formats throw: what was given is not of the grammar.
 */

/**
 * @example
 * throw new SyntaxFault('command.too-long', 'a command line has at most 512 octets');
 */
export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault';
  /** Dotted words in lower case, stable: `area.what`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
